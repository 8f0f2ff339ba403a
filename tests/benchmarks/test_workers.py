"""The benchmark of workers runs, with a tiny pipeline."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small import TEXTS, trained
from tiny_teachers import write_jsonl

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--predict"], []])
def test_a_ratio_is_printed(tmp_path, options):
    if not options:
        pytest.importorskip("ray")
    trained().to_disk(tmp_path / "student")
    texts = write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    script = ROOT / "benchmarks" / "workers.py"
    sizes = ["--texts-used", "40", "--shard-size", "10", "--rounds", "1"]
    done = subprocess.run(
        [sys.executable, script, tmp_path / "student", texts, *sizes, *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "median ratio" in done.stdout
