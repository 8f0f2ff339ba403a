import pytest
import spacy
from small import TEXTS, entities, trained, write_gold
from small_classifiers import by_heart
from texts_with_categories import classified_data, write_categories
from tiny_teachers import make_bert_teacher
from typer.testing import CliRunner
from with_pieces import trained_with_pieces

from spacy_distill.cli.app import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantize")
    trained_with_pieces().to_disk(folder / "student")
    trained().to_disk(folder / "bare")
    write_gold(folder / "gold.spacy", spacy.blank("en"))
    return folder


def run(folder, output, *more, model="student"):
    args = ["quantize", str(folder / model), "-o", str(output), *more]
    result = CliRunner().invoke(app, args, terminal_width=200)
    return result.exit_code, " ".join(result.output.split())


def test_table(folder, tmp_path):
    code, output = run(folder, tmp_path, "--gold", str(folder / "gold.spacy"))
    assert code == 0, output
    for part in (
        "before after",
        "On disk 0.1 MB 0.1 MB Zipped 0.0 MB 0.0 MB",
        "Words with a row 20 20",
        "F1 100.00 ",
        f" of {len(TEXTS)} documents got other entities.",
        f"Wrote {tmp_path}",
    ):
        assert part in output
    nlp = spacy.load(tmp_path)
    assert nlp.get_pipe("ner").storage == "int8"


def test_float16_without_gold(folder, tmp_path):
    new = tmp_path / "new" / "folder"
    code, output = run(folder, new, "--storage", "float16")
    assert code == 0, output
    assert "F1" not in output
    assert "documents" not in output
    nlp = spacy.load(new)
    assert nlp.get_pipe("ner").storage == "float16"
    expected = spacy.load(folder / "student")
    for text in TEXTS:
        assert entities(nlp(text)) == entities(expected(text))


def test_a_text_classifier(tmp_path):
    by_heart("ngrams").to_disk(tmp_path / "student")
    gold = write_categories(tmp_path / "gold.spacy", classified_data())
    code, output = run(tmp_path, tmp_path / "out", "--gold", str(gold))
    assert code == 0, output
    for part in ("N-grams with a row 363 ", "Accuracy 100.00 ", "Macro F1 100.00 "):
        assert part in output
    assert "of 9 documents got other categories." in output
    assert "Words with a row" not in output


def test_words_that_have_to_stay(folder, tmp_path):
    code, output = run(folder, tmp_path, "--words", "3", model="bare")
    assert code == 0, output
    assert "20 words keep their rows, since they cannot be composed" in output


def test_a_teacher_is_refused(tmp_path):
    """It would be copied as it is, its transformer being all of its size."""
    make_bert_teacher(tmp_path / "weights").to_disk(tmp_path / "teacher")
    code, output = run(tmp_path, tmp_path / "out", model="teacher")
    assert code == 1
    assert "the rest is in transformer, copied as it is" in output
    assert not (tmp_path / "out").exists()


def test_nothing_to_gain(folder, tmp_path):
    code, output = run(folder, tmp_path / "once")
    assert code == 0
    assert "Nothing became smaller" not in output
    code, output = run(tmp_path, tmp_path / "twice", model="once")
    assert code == 0
    assert "Nothing became smaller" in output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--storage", "int4"], "Expected storage = float32, float16 or int8"),
        (["--table-bits", "9"], "Usage:"),
        (["--words", "-1"], "Usage:"),
        (["--gold", "nowhere.spacy"], "nowhere.spacy"),
    ],
)
def test_bad_options(options, message, folder, tmp_path):
    code, output = run(folder, tmp_path / "out", *options)
    assert code != 0
    assert message in output
    assert "Traceback" not in output
    assert not (tmp_path / "out").exists()
