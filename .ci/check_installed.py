"""Check that the installed package predicts what version 0.1.0 predicted.

Run with the Python of an environment where spacy-distill is installed from a wheel.
--kernel: the wheel has the compiled kernel; check predictions with and without it.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import spacy

import spacy_distill
from spacy_distill.kernel import get_kernel

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "tests" / "fixtures" / "version_0_1_0"


def main() -> None:
    """Load each student, and compare its entities and probabilities."""
    installed = Path(spacy_distill.__file__).parent
    assert installed != ROOT / "spacy_distill", "this is the checkout"
    assert (installed / "configs" / "student.cfg").is_file()
    expected = json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))
    for name, cases in expected.items():
        nlp = spacy.load(FIXTURES / name)
        for case in cases:
            doc = nlp(case["text"])
            entities = [[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents]
            assert entities == case["entities"], (name, case["text"])
            found = doc.spans["ner"].attrs["scores"]
            np.testing.assert_allclose(found, case["scores"], atol=1e-4)
    way = "in numpy alone" if get_kernel() is None else "with the kernel"
    versions = f"Python {platform.python_version()}, spaCy {spacy.__version__}"
    print(f"{versions}: as expected, {way}")


if __name__ == "__main__":
    main()
    if sys.argv[1:] == ["--kernel"]:
        assert get_kernel() is not None, "the wheel has no kernel"
        pure = {**os.environ, "SPACY_DISTILL_PURE": "1"}
        subprocess.run([sys.executable, __file__], env=pure, check=True)
