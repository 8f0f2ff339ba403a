import json

import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_distill.cli.app import app


@pytest.fixture
def sources(tmp_path):
    for name, text in {
        "train": "[Ada](PER) left.\nIt rained.",
        "dev": "[Cid](PER) sang.",
        "test": "[Évora](LOC) slept.",
    }.items():
        (tmp_path / name).mkdir()
        path = tmp_path / name / "a.txt"
        path.write_text(f"# news/{name}\n\n{text}\n", encoding="utf-8")
    return tmp_path


def run(sources, *more):
    args = ["corpus", "-o", str(sources / "out")]
    for name in ("train", "dev", "test"):
        args += [f"--{name}", str(sources / name)]
    result = CliRunner().invoke(app, [*args, *more], terminal_width=200)
    return result, " ".join(result.output.split())


def test_a_corpus_is_made_and_summed_up(sources):
    result, output = run(sources, "--n-labels", "1", "--seed", "5")
    assert result.exit_code == 0, output
    assert "train 1 1 3" in output
    assert "Topics in two splits: 1" in output  # drawn from the same documents
    record = json.loads((sources / "out" / "corpus.json").read_text(encoding="utf-8"))
    assert record["settings"] == {
        "lang": "en",
        "labels": ["PER", "ORG", "LOC", "MISC"],
        "n_labels": 1,
        "seed": 5,
        "unlabelled_is_rest_of_train": True,
    }
    assert (sources / "out" / "unlabelled" / "texts.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        # As from a variable of project.yml that was left empty.
        (["--unlabelled", ""], "Expected unlabelled text"),
        ([], "Expected unlabelled text"),
        (["--unlabelled", "nope"], "found nothing; check the path"),
        (["--n-labels", "9"], "from 0 to 2"),
        (["--n-labels", "1", "--labels", "PER,ORG"], "expected one of the labels"),
        (["--n-labels", "1", "--labels", " ,"], "Expected entity labels"),
        (["--n-labels", "1", "--lang", "xx1"], "Expected a language"),
        # Draws the sentence without an entity.
        (["--n-labels", "1", "--seed", "1"], "1 training sentences that were drawn"),
        (
            ["--n-labels", "1", "--seed", "5", "--word-column", "1"],
            "Expected --word-column with a column file only, got 1",
        ),
        (
            ["--n-labels", "1", "--seed", "5", "--scheme", "BIO"],
            "Expected --scheme with a column file only, got BIO",
        ),
    ],
)
def test_a_fault_is_one_message_and_a_failure(sources, options, message):
    result, output = run(sources, *options)
    assert result.exit_code == 1
    assert message in output
    assert "Traceback" not in output
    assert not (sources / "out").exists()


def test_the_tag_scheme_can_be_given(sources):
    columns = sources / "columns"
    columns.write_text("Ada B-PER\n\nBen B-PER\n\nPorto I-LOC\n", encoding="utf-8")
    texts = sources / "texts.txt"
    texts.write_text("Free text.\n", encoding="utf-8")
    options = ["--train", str(columns), "--unlabelled", str(texts)]
    result, output = run(sources, *options)
    assert result.exit_code == 0, output
    assert "columns: columns, words from column 1, tags from column 2 of 2 (IOB2)" in (
        output
    )
    assert "columns: repaired 1 tags that IOB2 does not allow" in output
    assert run(sources, *options, "--strict")[0].exit_code == 1
    result, output = run(sources, *options, "--strict", "--scheme", "IOB1")
    assert result.exit_code == 0, output
    assert "tags from column 2 of 2 (IOB1)" in output
    assert "repaired" not in output
    assert (sources / "out" / "unlabelled" / "texts.jsonl").exists()


def test_columns_can_be_chosen(sources):
    columns = sources / "train.tsv"
    columns.write_text("Ada\tB-PER\tO\nin\tO\tO\nBraga\tO\tB-LOC\n", encoding="utf8")
    texts = sources / "texts.txt"
    texts.write_text("Free text.\n", encoding="utf-8")
    options = ["--train", str(columns), "--unlabelled", str(texts)]
    result, output = run(sources, *options)
    assert result.exit_code == 1
    assert "Choose one with --tag-column 2 or --tag-column 3." in output
    # The advice works, and leaves mark-up and plain text as they are.
    result, output = run(sources, *options, "--tag-column", "3")
    assert result.exit_code == 0, output
    assert "train: train.tsv: columns, words from column 1, tags from column" in output
    assert "texts.txt: read as plain text" in output
    (doc,) = DocBin().from_disk(sources / "out" / "train.spacy").get_docs(Vocab())
    assert [(e.text, e.label_) for e in doc.ents] == [("Braga", "LOC")]


def test_whitespace_that_was_trimmed_is_told(sources):
    nlp = spacy.blank("en")
    docs = []
    for text, spans in (("Porto\nand Lima", [(0, 2), (2, 4)]), ("Oslo \n", [(1, 2)])):
        doc = nlp.make_doc(text)
        doc.ents = [Span(doc, start, end, label="LOC") for start, end in spans]
        docs.append(doc)
    DocBin(docs=docs).to_disk(sources / "dirty.spacy")
    texts = sources / "texts.txt"
    texts.write_text("Free text.\n", encoding="utf-8")
    options = ["--train", str(sources / "dirty.spacy"), "--unlabelled", str(texts)]
    result, output = run(sources, *options)
    assert result.exit_code == 0, output
    assert (
        "train: 1 entity trimmed of whitespace, 1 was whitespace alone and was dropped"
        in output
    )
    assert "dev: 0" not in output
    record = json.loads((sources / "out" / "corpus.json").read_text(encoding="utf-8"))
    assert record["sources"]["train"] == {
        "notes": ["dirty.spacy: .spacy file"],
        "trimmed": 1,
        "dropped": 1,
    }
    assert record["sources"]["unlabelled"]["notes"] == [
        "texts.txt: read as plain text, a document each line"
    ]
    saved = DocBin().from_disk(sources / "out" / "train.spacy").get_docs(nlp.vocab)
    assert [[e.text for e in doc.ents] for doc in saved] == [["Porto", "and Lima"], []]


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_each_split_needs_entities(sources, split):
    empty = sources / "empty.txt"
    empty.write_text("# news/empty\n\nIt rained.\n", encoding="utf-8")
    result, output = run(sources, f"--{split}", str(empty), "--n-labels", "1")
    assert result.exit_code == 1
    assert (
        f"Expected entities or categories in {empty}, got none in 1 sentences" in output
    )


def test_categories(tmp_path):
    """Categories that a split lacks do not apply there."""
    rows = {"train": "One.,a\nTwo.,b\nThree.,c", "dev": "Four.,a\nFive.,b"}
    rows["test"] = "Six.,b\nSeven.,c"
    for name, text in rows.items():
        (tmp_path / name).write_text(f"text,label\n{text}\n", encoding="utf-8")
    texts = tmp_path / "texts.txt"
    texts.write_text("Eight .\nNine .\n", encoding="utf-8")
    result, output = run(tmp_path, "--unlabelled", str(texts))
    assert result.exit_code == 0, output
    assert "documents sentences tokens a b c" in output
    assert "dev 2 2 4 1 1 0" in output
    docs = DocBin().from_disk(tmp_path / "out" / "dev.spacy").get_docs(Vocab())
    assert [doc.cats for doc in docs] == [
        {"a": 1.0, "b": 0.0, "c": 0.0},
        {"a": 0.0, "b": 1.0, "c": 0.0},
    ]
    result, output = run(tmp_path, "--n-labels", "2")
    assert result.exit_code == 0, output
    record = json.loads((tmp_path / "out" / "corpus.json").read_text("utf-8"))
    assert sum(record["splits"]["train"]["total"]["categories"].values()) == 2
