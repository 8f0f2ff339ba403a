import pytest
import spacy
from small import trained, write_gold
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.evaluation import speed
from spacy_distill.evaluation.evaluate import evaluate


@pytest.fixture(scope="module")
def report_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("summary")
    trained().to_disk(folder / "student")
    gold = write_gold(folder / "gold.spacy", spacy.blank("en"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "_SECONDS_A_PASS", 0.0)
        report = evaluate({"student": str(folder / "student")}, gold, rounds=1)
    report.write(folder / "report.json")
    return folder / "report.json"


@pytest.fixture
def packages(tmp_path):
    dist = tmp_path / "packages" / "en_mine-1.0" / "dist"
    dist.mkdir(parents=True)
    (dist / "en_mine-1.0-py3-none-any.whl").write_bytes(bytes(2_710_000))
    return tmp_path / "packages"


def test_prints_table_and_load_line(report_file, packages):
    done = CliRunner().invoke(
        app, ["summary", str(report_file), "--packages", str(packages)]
    )
    assert done.exit_code == 0, done.output
    last = done.output.strip().splitlines()[-1]
    assert last == 'import spacy; nlp = spacy.load("en_mine")'
    assert "F1" in done.output
    assert "pip install" in done.output
    assert "The wheel has 2.7 MB." in done.output


def test_without_wheel_or_report(report_file, packages, tmp_path):
    for report, folder, told in (
        (report_file, tmp_path / "none", "Expected a wheel"),
        (tmp_path / "none.json", packages, "Expected a report"),
    ):
        done = CliRunner().invoke(
            app, ["summary", str(report), "--packages", str(folder)]
        )
        assert done.exit_code == 1
        assert told in done.output
