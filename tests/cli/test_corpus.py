import json

import pytest
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
