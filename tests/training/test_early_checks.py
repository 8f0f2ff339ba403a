"""Faults of gold annotation are told before a teacher is loaded, which takes long."""

import pytest
import spacy
from small import TEXTS, write_gold
from spacy.tokens import DocBin

from spacy_distill.errors import DistillError
from spacy_distill.training.distill import distill

# To load it would be an error too.
NO_TEACHER = "no_such_teacher"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gold")
    nlp = spacy.blank("en")
    DocBin().to_disk(folder / "empty.spacy")
    DocBin(docs=[nlp.make_doc(text) for text in TEXTS]).to_disk(folder / "bare.spacy")
    (folder / "broken.spacy").write_bytes(b"no DocBin")
    (folder / "gold.conll").write_text("Anna\tB-PER\n", encoding="utf-8")
    write_gold(folder / "good.spacy", nlp)
    (folder / "partly").mkdir()
    write_gold(folder / "partly" / "a.spacy", nlp)
    (folder / "partly" / "b.spacy").write_bytes(b"no DocBin")
    return folder


@pytest.mark.parametrize("which", ["train", "dev"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.spacy", "Expected gold annotation at .*missing.spacy, got nothing"),
        ("empty.spacy", "empty.spacy, got no Docs"),
        ("bare.spacy", "entities or categories in .*bare.spacy, got Docs without anno"),
        ("broken.spacy", "got something else in .*broken.spacy"),
        ("gold.conll", "Expected a .spacy file, got .*gold.conll"),
        ("partly", "got something else in .*b.spacy"),
    ],
)
def test_gold_annotation_that_cannot_be_used(files, tmp_path, which, name, message):
    out = tmp_path / "out"
    with pytest.raises(DistillError, match=message):
        distill(NO_TEACHER, TEXTS, output=out, **{which: files / name})
    # As a setting of the config, too.
    overrides = {f"paths.{which}": str(files / name)}
    with pytest.raises(DistillError, match=message):
        distill(NO_TEACHER, TEXTS, output=out, overrides=overrides)


def test_gold_annotation_that_can_be_used(files):
    with pytest.raises(DistillError, match=NO_TEACHER):
        distill(NO_TEACHER, TEXTS, dev=files / "good.spacy")
