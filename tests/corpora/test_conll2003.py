"""The reader on the data of Izsak et al. 2019, which the project cannot ship."""

from collections import Counter
from pathlib import Path

import pytest
from spacy.vocab import Vocab

from spacy_distill.corpora.columns import read_columns

DATA = Path(__file__).parents[3] / "shared" / "data" / "conll2003"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="no CoNLL-2003 data in ../shared/data/conll2003"
)

# Sentences, and entities by label, as in Tjong Kim Sang & De Meulder 2003, tables 1, 2.
# Their sentence counts hold the -DOCSTART- lines, which are none here.
PUBLISHED = {
    "eng.testa": (3466 - 216, {"LOC": 1837, "MISC": 922, "ORG": 1341, "PER": 1842}),
    "eng.testb": (3684 - 231, {"LOC": 1668, "MISC": 702, "ORG": 1661, "PER": 1617}),
    "eng.train": (14987 - 946, {"LOC": 7140, "MISC": 3438, "ORG": 6321, "PER": 6600}),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_counts_are_the_published_ones(name):
    found = read_columns(DATA / name, Vocab()).sentences
    sentences, entities = PUBLISHED[name]
    assert len(found) == sentences
    assert Counter(e.label_ for s in found for e in s.doc.ents) == entities
