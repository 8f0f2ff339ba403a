import pytest

from spacy_distill.errors import DistillError
from spacy_distill.teachers.blank import blank_pipeline


def test_languages():
    assert blank_pipeline("de").lang == "de"
    with pytest.raises(DistillError, match=r"language that spaCy knows.*'klingon'"):
        blank_pipeline("klingon")
