"""Random column files: what was written is read back."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.vocab import Vocab

from spacy_distill.corpora.columns import read_columns
from spacy_distill.corpora.file_kinds import COLUMNS, file_kind
from spacy_distill.errors import DistillError

VOCAB = Vocab()
LABELS = ("PER", "LOC", "ORG")
POS = ("NN", "VB", ".", "DT")
CHUNKS = ("B-NP", "I-NP", "B-VP", "O")
# Ordinary words, and some that are like numbers, tags, comments or markers.
WORDS = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyzABC\u00e9\u96ea'", min_size=1, max_size=8),
    st.sampled_from(["7", "1999", "#", "#tag", "O", "B-52", "_", "-", "(", "I-95"]),
)
# Evidence of columns and scheme in each file.
FIRST = (
    ["Mira", "Lowe", "Quist", "sailed", "from", "Porto", "to", "Ghent"],
    [(0, 3, "PER"), (5, 6, "LOC"), (7, 8, "LOC")],
)


@st.composite
def sentences(draw):
    """Return words and entities (start, end, label)."""
    words = draw(st.lists(WORDS, min_size=1, max_size=7))
    entities, start = [], 0
    while start < len(words):
        length = draw(st.integers(1, len(words) - start))
        if draw(st.booleans()):
            entities.append((start, start + length, draw(st.sampled_from(LABELS))))
        start += length
    return words, entities


def tags_of(words, entities, scheme):
    tags = ["O"] * len(words)
    before = None
    for start, end, label in entities:
        single, first, inner, last = {
            "IOB1": "BBII" if before == (start, label) else "IIII",
            "IOB2": "BBII",
            "BILUO": "UBIL",
            "BIOES": "SBIE",
            "BMES": "SBME",
        }[scheme]
        prefixes = [first, *inner * (end - start - 2), last]
        prefixes = [single] if end - start == 1 else prefixes
        tags[start:end] = [f"{prefix}-{label}" for prefix in prefixes]
        before = (end, label)
    return tags


@st.composite
def files(draw):
    """Return the text of a column file and its sentences."""
    content = [FIRST, *draw(st.lists(sentences(), max_size=5))]
    scheme = draw(st.sampled_from(["IOB1", "IOB2", "BILUO", "BIOES", "BMES"]))
    layout = draw(
        st.sampled_from(
            ["word tag", "tag word", "word pos tag", "word pos chunk tag"]
            + ["number word tag", "word _ _ tag", "number word pos tag"]
        )
    )
    separator = draw(st.sampled_from(["\t", " ", "  "]))
    comments = draw(st.booleans())
    lines = []
    for words, entities in content:
        if comments:
            lines.append(f"# id {len(lines)} a b c d e f")
        tags = tags_of(words, entities, scheme)
        for i, (word, tag) in enumerate(zip(words, tags)):
            values = {
                "word": word,
                "tag": tag,
                "number": str(i + 1),
                "pos": draw(st.sampled_from(POS)),
                "chunk": draw(st.sampled_from(CHUNKS)),
                "_": "_",
            }
            lines.append(separator.join(values[name] for name in layout.split()))
        lines.append("")
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join(lines), content


@settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(file=files())
def test_what_was_written_is_read_back(tmp_path, file):
    text, content = file
    path = tmp_path / "train.txt"
    path.write_bytes(text.encode("utf-8"))
    read = read_columns(path, VOCAB, strict=True)
    assert file_kind(path) == COLUMNS
    assert [
        (
            [token.text for token in s.doc],
            [(e.start, e.end, e.label_) for e in s.doc.ents],
        )
        for s in read.sentences
    ] == content


@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.text("Aa1#O-BI_. \t\n", max_size=60))
def test_any_text_is_read_or_refused_in_one_line(tmp_path, text):
    path = tmp_path / "some.data"
    path.write_text(text, encoding="utf-8")
    told = None
    try:
        read_columns(path, VOCAB)
    except DistillError as error:
        told = str(error)
    assert told is None or (str(path) in told and "\n" not in told)
