"""Packaging: the metadata that pyproject.toml cannot express.

`top_level.txt`, which `spacy package` reads to find third-party requirements, is
written by setuptools; keep it the build backend.
"""

import os
import re
import sys
import zlib
from pathlib import Path
from typing import List

from setuptools import Extension, setup

# Address of the repository, as in "https://github.com/OWNER/NAME". Once there is one,
# the package index shows it, and the README's relative links lead to it.
REPOSITORY = ""

# Nothing here reads the flags of floating-point exceptions; heeding them keeps GCC from
# vectorizing comparisons.
_OPTIONS = ["-std=gnu++11", "-O3", "-g0", "-fno-trapping-math", "-fopenmp-simd"]
_CODE_OR_LINK = re.compile(
    r"```.*?```|`[^`\n]*`|(!?)\[([^\[\]]*)\]\(([^()\s]+)\)", re.DOTALL
)


def long_description(readme: str, repository: str) -> str:
    """Rewrite the relative links of a README, which lead nowhere on a package index.

    Args:
        readme: The README in Markdown.
        repository: Address of the repository. Without one, relative links become plain
            text and relative images are left out.

    Returns:
        The README without relative links.
    """

    def rewrite(match: "re.Match[str]") -> str:
        is_image, text, target = match[1], match[2], match[3]
        if target is None or re.match(r"[a-z]+:|#", target):
            return match[0]
        if not repository:
            return "" if is_image else text
        kind = "raw" if is_image else "blob"
        return f"{is_image}[{text}]({repository}/{kind}/HEAD/{target})"

    # An image that was left out leaves no gap.
    return re.sub(r"\n{3,}", "\n\n", _CODE_OR_LINK.sub(rewrite, readme))


def extensions() -> List[Extension]:
    """Return the compiled kernel; see spacy_distill/kernel.py.

    It is optional: where there is no compiler, setuptools warns and goes on without it,
    and the package runs on numpy alone. SPACY_DISTILL_PURE=1 leaves it out.
    """
    if os.environ.get("SPACY_DISTILL_PURE", "0") not in ("", "0"):
        return []
    try:
        # Required by pyproject.toml; missing only if that is not built in isolation.
        import Cython  # noqa: F401
        import numpy
        import spacy  # noqa: F401
    except ImportError as error:
        print(f"Not building the kernel: {error}", file=sys.stderr)
        return []
    sources = ["spacy_distill/_kernel.pyx", "spacy_distill/_kernel_loops.h"]
    # Compared by spacy_distill/kernel.py.
    checksum = zlib.crc32(b"".join(Path(source).read_bytes() for source in sources))
    return [
        Extension(
            "spacy_distill._kernel",
            sources[:1],
            include_dirs=[numpy.get_include()],
            depends=sources,
            define_macros=[
                ("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"),
                ("KERNEL_CHECKSUM", str(checksum)),
            ],
            extra_compile_args=[] if sys.platform == "win32" else _OPTIONS,
            language="c++",
            optional=True,
        )
    ]


setup(
    ext_modules=extensions(),
    long_description=long_description(
        (Path(__file__).parent / "README.md").read_text(encoding="utf-8"), REPOSITORY
    ),
    long_description_content_type="text/markdown",
    project_urls={"Source": REPOSITORY} if REPOSITORY else {},
)
