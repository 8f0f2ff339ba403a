from itertools import count

import pytest
import spacy
from small import OUTPUTS, TEXTS, entities, gold_of, scores, trained

from spacy_distill.students.encoder import get_encoders

pytestmark = pytest.mark.usefixtures("both_ways")


@pytest.mark.parametrize("output", OUTPUTS)
def test_zone_after_zone(output):
    nlp = trained(output=output)
    (encoder,) = get_encoders(nlp.get_pipe("ner").model)
    expected = [(entities(doc), scores(doc)) for doc in nlp.pipe(TEXTS)]
    encoder._func.cache.types.capacity = 300
    n_strings = len(nlp.vocab.strings)
    new_words = (f"word{i}" for i in count())
    for _ in range(8):
        with nlp.memory_zone():
            # Words that end with the zone; some turn up again in the next one.
            fresh = " ".join(next(new_words) for _ in range(100))
            docs = list(nlp.pipe([*TEXTS, fresh, "again word1 word2"]))
            found = [(entities(doc), scores(doc)) for doc in docs[: len(TEXTS)]]
        assert [e for e, _ in found] == [e for e, _ in expected]
        for (_, a), (_, b) in zip(found, expected):
            assert a == pytest.approx(b, abs=1e-5)
    assert len(nlp.vocab.strings) == n_strings
    assert len(encoder._func.cache.types) <= 300
    # And the same words outside of any zone.
    docs = list(nlp.pipe([*TEXTS, "again word1 word750"]))
    assert [entities(doc) for doc in docs[:4]] == [gold_of(i) for i in range(4)]


def test_labels_outlive_their_zone(tmp_path):
    trained().to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    with nlp.memory_zone():
        entities(nlp(TEXTS[0]))
        with pytest.warns(UserWarning, match="NEWLABEL"):
            nlp.get_pipe("ner").add_label("NEWLABEL")
    for label in ("PER", "LOC", "NEWLABEL"):
        assert nlp.vocab.strings[nlp.vocab.strings[label]] == label
        assert label in nlp.vocab.strings


def test_zone_in_a_loaded_pipeline(tmp_path):
    """Words of the table are known by their text, not by the vocab's strings."""
    trained().to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    for _ in range(3):
        with nlp.memory_zone():
            assert entities(nlp(TEXTS[1])) == gold_of(1)
