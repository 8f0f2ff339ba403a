import pytest
import spacy
from partly_right import gold_docs
from small import TEXTS, entities, scores, trained
from small_classifiers import topic_classifier
from spacy.tokens import DocBin
from texts_with_categories import make_docs, make_topics
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.files import sha256_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrate")
    nlp = trained()
    nlp.meta["spacy_distill"] = {"format": 3}
    nlp.to_disk(folder / "student")
    DocBin(docs=gold_docs(30, wrong_every=3)).to_disk(folder / "gold.spacy")
    DocBin(docs=gold_docs(2, wrong_every=2)).to_disk(folder / "few.spacy")
    return folder


def run(model, gold, output):
    args = ["calibrate", str(model), str(gold), "-o", str(output)]
    result = CliRunner().invoke(app, args, terminal_width=200)
    return result.exit_code, " ".join(result.output.split())


def test_a_calibrated_copy(folder, tmp_path):
    before = sha256_folder(folder / "student")
    code, output = run(
        folder / "student", folder / "gold.spacy", tmp_path / "new" / "out"
    )
    assert code == 0, output
    for part in (
        "calibrated on 210 predicted entities: expected calibration error 0.",
        "The report in its meta data is of before",
        f"Wrote {tmp_path / 'new' / 'out'}",
    ):
        assert part in output
    assert sha256_folder(folder / "student") == before
    raw, nlp = spacy.load(folder / "student"), spacy.load(tmp_path / "new" / "out")
    for text in TEXTS[:2]:
        assert entities(nlp(text)) == entities(raw(text))
        assert max(scores(nlp(text))) < 0.8 < min(scores(raw(text)))


def test_in_place(folder, tmp_path):
    trained().to_disk(tmp_path)
    code, output = run(tmp_path, folder / "gold.spacy", tmp_path)
    assert code == 0, output
    assert "report" not in output
    assert spacy.load(tmp_path).get_pipe("ner").calibration.entities == 210


def test_a_folder_with_something_in_it(folder, tmp_path):
    (tmp_path / "notes.txt").touch()
    code, output = run(folder / "student", folder / "gold.spacy", tmp_path)
    assert code == 1
    assert "Expected a new or an empty folder to write to" in output
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_text_classifier(tmp_path):
    topic_classifier("compact_textcat").to_disk(tmp_path / "student")
    docs = make_docs(make_topics(80, seed=3))
    DocBin(docs=docs).to_disk(tmp_path / "gold.spacy")
    out = tmp_path / "out"
    code, output = run(tmp_path / "student", tmp_path / "gold.spacy", out)
    assert code == 0, output
    assert "calibrated on 80 documents: expected calibration error 0." in output
    assert "entit" not in output
    raw, nlp = spacy.load(tmp_path / "student"), spacy.load(out)
    calibration = nlp.get_pipe("textcat").calibration
    assert calibration.documents == 80
    text = docs[0].text
    assert nlp(text).cats != raw(text).cats
    assert max(nlp(text).cats, key=nlp(text).cats.get) == max(
        raw(text).cats, key=raw(text).cats.get
    )


def test_a_classifier_of_spacy(tmp_path):
    topic_classifier("textcat").to_disk(tmp_path / "stock")
    DocBin(docs=make_docs(make_topics(60))).to_disk(tmp_path / "gold.spacy")
    code, output = run(tmp_path / "stock", tmp_path / "gold.spacy", tmp_path / "out")
    assert code == 1
    assert "Expected a pipeline with a compact_textcat, got textcat: the" in output
    assert not (tmp_path / "out").exists()


def test_too_few_entities(folder, tmp_path):
    code, output = run(folder / "student", folder / "few.spacy", tmp_path / "out")
    assert code == 1
    assert "Probabilities are not calibrated: 14 predicted entities are too few" in (
        output
    )
    assert "Nothing was written." in output
    assert not (tmp_path / "out").exists()
