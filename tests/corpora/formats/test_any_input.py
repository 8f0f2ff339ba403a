"""Any JSON and any lines of brat are read, or refused in one line that says where."""

import json

import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.corpora.formats import read_annotated_gold
from spacy_distill.corpora.formats.plain import plain_texts
from spacy_distill.corpora.formats.read import read_checked
from spacy_distill.errors import DistillError

NLP = spacy.blank("en")

KEYS = """
    text label labels entities spans start end start_offset data annotations result
    value type to_name was_cancelled completed_by rows row classes tokens ner_tags
    paragraphs sentences raw orth ner space answer annotation_id features names
""".split()  # noqa: SIM905
WORDS = st.sampled_from(["Mara", "a b", "", " ", "PER", "B-PER", "O", "-", "\ud83d"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 5) | st.floats() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
LISTS = st.lists(JSON, max_size=3)
REGIONS = st.fixed_dictionaries(
    {"value": JSON | st.fixed_dictionaries({"start": JSON, "end": JSON})},
    optional={"type": JSON, "to_name": JSON},
)
ANNOTATIONS = st.fixed_dictionaries(
    {"result": JSON | st.lists(REGIONS, max_size=2)}, optional={"completed_by": JSON}
)
TOKENS = st.fixed_dictionaries({"orth": WORDS}, optional={"ner": JSON, "space": JSON})
SENTENCES = st.fixed_dictionaries({"tokens": LISTS | st.lists(TOKENS, max_size=3)})
RECORDS = st.one_of(
    JSON,
    st.tuples(WORDS, st.fixed_dictionaries({"entities": LISTS})),
    st.fixed_dictionaries(
        {"text": WORDS}, optional={key: LISTS | JSON for key in KEYS[1:5]}
    ),
    st.fixed_dictionaries({"data": JSON, "annotations": LISTS}),
    st.fixed_dictionaries(
        {
            "data": st.fixed_dictionaries({"text": WORDS}),
            "annotations": st.lists(ANNOTATIONS, max_size=2),
        }
    ),
    st.fixed_dictionaries({"tokens": st.lists(WORDS, max_size=3), "ner_tags": LISTS}),
    st.fixed_dictionaries(
        {
            "paragraphs": st.lists(
                st.fixed_dictionaries(
                    {"sentences": LISTS | st.lists(SENTENCES, max_size=2)},
                    optional={"raw": JSON},
                ),
                max_size=2,
            )
        }
    ),
)


def read_gold(path):
    return read_annotated_gold(path, NLP)


def refusal(read, path):
    """Return the message if a path is refused; None if it is read."""
    try:
        read(path)
    except DistillError as error:
        return str(error)
    return None


@settings(deadline=None, max_examples=150)
@given(st.lists(RECORDS, min_size=1, max_size=3), st.booleans())
def test_any_json_is_read_or_refused(tmp_path_factory, records, lines):
    path = tmp_path_factory.getbasetemp() / "any.json"
    dumped = [json.dumps(record) for record in records]
    path.write_text("\n".join(dumped) if lines else f"[{', '.join(dumped)}]")
    for read in (read_checked, plain_texts, read_gold):
        message = refusal(read, path)
        assert message is None or ("any.json" in message and "\n" not in message)


@settings(deadline=None)
@given(st.text(st.sampled_from("TRE#1234\t ;PERMara\n*\r😀"), max_size=60))
def test_any_annotation_of_brat_is_read_or_refused(tmp_path_factory, lines):
    path = tmp_path_factory.getbasetemp() / "any.ann"
    path.with_suffix(".txt").write_text("Mara 😀 left\nNew\nYork.", encoding="utf-8")
    path.write_text(f"T1\tPER 0 4\tMara\n{lines}", encoding="utf-8")
    message = refusal(read_gold, path)
    assert message is None or ("any.ann:" in message and "\n" not in message)
