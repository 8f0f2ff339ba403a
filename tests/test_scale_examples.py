"""The examples of docs/scale.md that need Ray Data, or Spark and Java."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from documented import ROOT, make_desk, read_blocks

PAGE = ROOT / "docs" / "scale.md"


@pytest.fixture
def desk(tmp_path):
    """The files of the page, and the environment of its commands."""
    folder = tmp_path / "desk"
    folder.mkdir()
    packages = make_desk(folder)
    for block in read_blocks(PAGE):
        name, _, _ = block.text.partition("\n")
        if name.startswith("# ") and name.endswith(".py"):
            (folder / name[2:]).write_text(block.text, encoding="utf-8")
    paths = os.pathsep.join([str(packages), str(ROOT), str(folder)])
    env = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    env["PYSPARK_PYTHON"] = sys.executable
    # Spark asks for the name of this host, which may not resolve.
    env["SPARK_LOCAL_IP"] = "127.0.0.1"

    def run(script):
        done = subprocess.run(
            [sys.executable, script],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    texts = (folder / "texts.jsonl").read_text("utf-8").splitlines()
    return folder, [json.loads(line)["text"] for line in texts], run


@pytest.mark.slow
def test_ray_data(desk):
    for name in ("ray", "pandas"):
        pytest.importorskip(name)
    parquet = pytest.importorskip("pyarrow.parquet")
    folder, texts, run = desk
    run("on_ray.py")
    rows = parquet.read_table(folder / "on_ray").to_pylist()
    assert sorted(row["text"] for row in rows) == sorted(texts)
    check((row["text"], row["entities"]) for row in rows)


@pytest.mark.slow
def test_spark(desk):
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    folder, texts, run = desk
    run("on_spark.py")
    parts = sorted((folder / "on_spark").glob("*.json"))
    lines = "".join(part.read_text("utf-8") for part in parts).splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["text"] for row in rows] == texts
    check((row["text"], json.loads(row["prediction"])["entities"]) for row in rows)


def check(rows):
    found = 0
    for text, entities in rows:
        for entity in entities:
            assert text[entity["start"] : entity["end"]].strip()
            assert entity["label"]
            found += 1
    assert found
