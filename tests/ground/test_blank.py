import pytest

from spacy_distill.docs import blank_pipeline
from spacy_distill.errors import DistillError


def test_languages():
    assert blank_pipeline("de").lang == "de"
    with pytest.raises(DistillError, match=r"language that spaCy knows.*'klingon'"):
        blank_pipeline("klingon")
