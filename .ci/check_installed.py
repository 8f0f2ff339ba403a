"""Check that the installed package predicts what version 0.1.0 predicted.

Run with the Python of an environment where spacy-distill is installed from a wheel.
"""

import json
import platform
from pathlib import Path

import numpy as np
import spacy

import spacy_distill

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
    print(f"Python {platform.python_version()}, spaCy {spacy.__version__}: as expected")


if __name__ == "__main__":
    main()
