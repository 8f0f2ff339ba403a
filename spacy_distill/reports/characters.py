"""Characters that neither HTML nor XML can hold."""

import re

_LAST = (0xFFFE, 0xFFFF)
# The last two code points of each plane are no characters.
_NONE = "".join(chr(plane * 0x10000 + end) for plane in range(17) for end in _LAST)
# Nor are control characters and halves of surrogate pairs, as far as markup goes.
_FORBIDDEN = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NONE}]"
)


def clean(text: str) -> str:
    """The text with a replacement character for each of those. It is as long as
    before, so that offsets hold. Escaping is still to be done."""
    return _FORBIDDEN.sub("\ufffd", text)
