import re
from importlib.util import find_spec

import pytest
import spacy

from spacy_distill.docs import blank_pipeline
from spacy_distill.errors import DistillError


def told(lang, **options):
    with pytest.raises(DistillError) as info:
        blank_pipeline(lang, **options)
    assert "\n" not in str(info.value)
    return str(info.value)


def test_languages():
    assert blank_pipeline("de").lang == "de"


@pytest.mark.parametrize(
    ("lang", "code"),
    [
        ("en_US", "en"),
        ("pt-br", "pt"),
        ("EN", "en"),
        ("english", "en"),
        ("German", "de"),
        ("norwegian", "nb"),
    ],
)
def test_a_code_close_by_is_named(lang, code):
    assert told(lang) == (
        f"Expected a language that spaCy knows, such as 'en', got {lang!r}: change"
        f" `lang` to {code!r}."
    )
    assert blank_pipeline(code).lang == code


@pytest.mark.parametrize("lang", ["klingon", "", None, 3])
def test_all_codes_are_named(lang):
    message = told(lang)
    assert f"that spaCy knows, such as 'en', got {lang!r}: change `lang` to" in message
    codes = message.partition("one of ")[2].rstrip(".").split(", ")
    assert {"af", "de", "en", "xx", "zh"} < set(codes)
    assert codes == sorted(set(codes))


# What spaCy says, and what to install.
NEEDED = {
    "ja": ("sudachipy", "SudachiPy", "`pip install sudachipy sudachidict_core`"),
    "th": ("pythainlp", "PyThaiNLP", '`pip install "spacy[th]"`'),
    "ko": ("natto", "mecab-ko", '`pip install "spacy[ko]"`'),
    "vi": ("pyvi", "use_pyvi = False", "`pip install pyvi`"),
}


@pytest.mark.parametrize("lang", NEEDED)
def test_a_package_that_is_missing(lang):
    package, reason, install = NEEDED[lang]
    if find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    message = told(lang)
    assert message.startswith(f"Expected the packages that spaCy needs for {lang!r}")
    assert reason in message
    assert install in message


@pytest.mark.parametrize(
    ("segmenter", "package"), [("jieba", "jieba"), ("pkuseg", "spacy_pkuseg")]
)
def test_a_segmenter_that_is_missing(segmenter, package):
    if find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    block = {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": segmenter}
    assert re.search(r"needs for 'zh'.*pip install", told("zh", tokenizer=block))
    block["segmenter"] = "char"
    assert blank_pipeline("zh", tokenizer=block).lang == "zh"


def test_a_tokenizer_of_a_config_is_used():
    nlp = blank_pipeline("ko", tokenizer={"@tokenizers": "spacy.Tokenizer.v1"})
    assert isinstance(nlp.tokenizer, spacy.tokenizer.Tokenizer)
