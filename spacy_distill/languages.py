"""spaCy's languages: whether they have spaces, a wrong code, a missing package."""

import re
from difflib import get_close_matches
from importlib.metadata import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict

import spacy.lang

from .errors import DistillError, one_line

# Packages for languages for which spaCy has no extra.
_PACKAGES = {"vi": "pyvi"}
# Languages that put no spaces between words.
_UNSPACED = ("bo", "ja", "km", "lo", "my", "th", "zh")
_CLASS = re.compile(r"^class (\w+)\(Language\)", re.MULTILINE)


def puts_spaces(lang: Any) -> bool:
    """Return whether a language puts spaces between words, unlike Chinese.

    Args:
        lang: Code of the language. Unknown ones count as if they do.
    """
    return lang not in _UNSPACED


def unknown_language(lang: Any) -> DistillError:
    """Return the error for a language that spaCy does not know.

    Args:
        lang: What was given as its code.
    """
    return DistillError(
        f"Expected a language that spaCy knows, such as 'en', got {lang!r}: change"
        f" `lang`{_suggestion(lang)}."
    )


def missing_package(lang: str, error: ImportError) -> DistillError:
    """Return the error for a language whose tokenizer needs a package.

    Args:
        lang: Code of the language.
        error: spaCy's error, which says what is missing.
    """
    return DistillError(
        f"Expected the packages that spaCy needs for {lang!r}, got an error:"
        f" {_with_install_line(one_line(error), lang)}"
    )


def check_segmenter(tokenizer: Any) -> None:
    """Raise spaCy's error for a missing segmenter, which it raises on first use.

    Args:
        tokenizer: A spaCy tokenizer.

    Raises:
        ImportError: If it is the Chinese one with pkuseg, which is not installed.
    """
    if getattr(tokenizer, "segmenter", None) != "pkuseg":
        return
    if find_spec("spacy_pkuseg") is None:
        from spacy.lang.zh import try_pkuseg_import

        try_pkuseg_import(None, None)


def _with_install_line(reason: str, lang: str) -> str:
    """Add what to install to spaCy's reason, which names a home page only at times."""
    if "pip install" in reason:
        return reason
    extras = metadata("spacy").get_all("Provides-Extra") or []
    package = f"spacy[{lang}]" if lang in extras else _PACKAGES.get(lang)
    end = "" if reason.endswith(".") else "."
    if package is None:
        return f"{reason}{end}"
    quoted = f'"{package}"' if "[" in package else package
    return f"{reason}{end} Install with `pip install {quoted}`."


def _suggestion(lang: Any) -> str:
    """Return the code that may be meant, or else all codes."""
    names = _names_by_code()
    given = re.split(r"[-_]", str(lang).strip().lower())[0]
    codes = {name.lower(): code for code, name in names.items()}
    if given in names:
        return f" to {given!r}"
    near = get_close_matches(given, codes, n=1, cutoff=0.8)
    if near:
        return f" to {codes[near[0]]!r}"
    return f" to one of {', '.join(sorted(names))}"


def _names_by_code() -> Dict[str, str]:
    """Return the name of the class of each language, without importing it."""
    found = {}
    for folder in spacy.lang.__path__:
        for path in Path(folder).glob("*/__init__.py"):
            named = _CLASS.search(path.read_text(encoding="utf-8"))
            if named is not None:
                found[path.parent.name] = named[1]
    return found
