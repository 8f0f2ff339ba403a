import json
import multiprocessing
import subprocess
import sys

import pytest
from small import OUTPUTS, TEXTS, entities, scores, trained

MANY = [*TEXTS, "", " ", "Never seen 123"] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.parametrize("output", OUTPUTS)
def test_fork(output):
    if multiprocessing.get_start_method() != "fork":
        pytest.skip("another start method")
    nlp = trained(output=output)
    alone = list(nlp.pipe(MANY))
    together = list(nlp.pipe(MANY, n_process=2, batch_size=4))
    assert [entities(doc) for doc in together] == [entities(doc) for doc in alone]
    for one, other in zip(together, alone):
        assert scores(one) == pytest.approx(scores(other), abs=1e-5)


SCRIPT = """
import json, multiprocessing, sys
import spacy

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    nlp = spacy.load(sys.argv[1])
    texts = json.loads(sys.argv[2])
    docs = nlp.pipe(texts, n_process=2, batch_size=4)
    print(json.dumps([[(e.text, e.label_) for e in doc.ents] for doc in docs]))
"""


@pytest.mark.slow
def test_spawn(tmp_path):
    nlp = trained()
    nlp.to_disk(tmp_path / "saved")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "saved"), json.dumps(MANY)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    expected = [[list(e) for e in entities(doc)] for doc in nlp.pipe(MANY)]
    assert json.loads(run.stdout.splitlines()[-1]) == expected
