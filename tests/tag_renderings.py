"""Label sets, and their tags in every spelling."""

import re

from hypothesis import strategies as st

from spacy_distill.corpora.tag_spellings import similar_labels

# How each scheme writes B, I, L and U.
SCHEMES = {
    "BIO": {"B": "B", "I": "I"},
    "BIOS": {"B": "B", "I": "I", "U": "S"},
    "BILUO": {"B": "B", "I": "I", "L": "L", "U": "U"},
    "BIOES": {"B": "B", "I": "I", "L": "E", "U": "S"},
    "BMES": {"B": "B", "I": "M", "L": "E", "U": "S"},
    "BMEWO": {"B": "B", "I": "M", "L": "E", "U": "W"},
    "BIOEW": {"B": "B", "I": "I", "L": "E", "U": "W"},
    "names": {"B": "BEGIN", "I": "INSIDE", "L": "END", "U": "SINGLE"},
    "other names": {"B": "BEGINNING", "I": "IN", "L": "LAST", "U": "UNIT"},
}
CASES = (str.upper, str.lower, str.title)
# Separator, and whether the prefix is at the end.
JOINTS = [(sep, last) for sep in "-_:./|" for last in (False, True)] + [("", False)]
# Labels such as `E-MAIL` and `ORG-S`, which are read right only in company, have tests
# of their own.
_LIKE_PREFIXED = re.compile(
    r"(?i)^(B|I|M|L|E|U|S|W|BEG|BEGIN|BEGINNING|IN|INNER|INSIDE|MID|MIDDLE|LAST|END"
    r"|UNIT|SINGLE|SINGLETON|WHOLE)[-_:./|]|[-_:./|](B|I|M|L|E|U|S|W|BEG|BEGIN"
    r"|BEGINNING|IN|INNER|INSIDE|MID|MIDDLE|LAST|END|UNIT|SINGLE|SINGLETON|WHOLE)$"
)

label_texts = st.one_of(
    st.sampled_from(
        ["PER", "LOC", "PER.NAM", "date-time", "ORG_X", "GPE/LOC", "B2B", "Ünïon"]
    ),
    st.from_regex(
        r"[A-Za-z0-9À-ÿ]([A-Za-z0-9À-ÿ_.:/|-]{0,8}[A-Za-z0-9])?", fullmatch=True
    ),
).filter(
    lambda label: (
        label.lower() not in ("o", "out", "outside")
        and not _LIKE_PREFIXED.search(label)
    )
)
label_sets = st.lists(label_texts, min_size=1, max_size=4, unique=True).filter(
    lambda labels: not similar_labels(labels)
)


@st.composite
def spellings(draw):
    """Draw a function of a BILU prefix and a label, and the prefixes it takes."""
    scheme = draw(st.sampled_from(sorted(SCHEMES)))
    separator, last = draw(st.sampled_from(JOINTS))
    if not separator:
        scheme = draw(st.sampled_from([s for s in SCHEMES if "names" not in s]))
    change = draw(st.sampled_from(CASES)) if separator else str.upper
    written = {prefix: change(name) for prefix, name in SCHEMES[scheme].items()}

    def write(prefix, label):
        parts = [written[prefix], label]
        return separator.join(reversed(parts) if last else parts)

    return write, "".join(written)
