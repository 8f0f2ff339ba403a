"""How wide a text will be, without a font to measure it with."""

import unicodedata

# Widths of Helvetica and the fonts made to its measure, in thousandths of the size.
_WIDTHS = {
    191: "'’‘",
    222: "ijl",
    260: "|",
    278: " !,./:;I[\\]ft",
    333: "()-`r“”„",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu–",
    584: "+<=>~",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "—…",
    1015: "@",
}
_WIDTH = {char: width for width, chars in _WIDTHS.items() for char in chars}
_OTHER = 600


def text_width(text: str, size: float) -> float:
    """The width of a line of sans-serif text, in the unit of the font's size. Exact
    for ASCII in Helvetica, Arial and Liberation Sans, an estimate for the rest."""
    return sum(map(_thousandths, unicodedata.normalize("NFD", text))) * size / 1000


def has_wide(text: str) -> bool:
    """Whether there are square characters in it, as in Chinese, between which a line
    may break."""
    return any(_is_wide(c) and unicodedata.category(c) == "Lo" for c in text)


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _thousandths(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    if _is_wide(char):
        return 1000
    return _WIDTH.get(char, _OTHER)
