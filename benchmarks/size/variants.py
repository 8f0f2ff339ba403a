"""What is done to a teacher and to a student."""

from typing import Dict, NamedTuple

# Of the weights of each matrix, the share that is set to zero.
SHARES = (0.5, 0.7, 0.9)


class Variant(NamedTuple):
    """storage: of the parameters. pruned: share of the smallest weights of each matrix
    that are zero. quantize: all that `spacy-distill quantize` does."""

    storage: str = "float32"
    pruned: float = 0.0
    quantize: bool = False


def _named(share: float, storage: str = "") -> str:
    return f"{100 * share:.0f} % pruned{storage and ', '}{storage}"


STUDENT: Dict[str, Variant] = {
    "float32": Variant(),
    "float16": Variant("float16"),
    "int8": Variant("int8"),
    **{_named(share): Variant(pruned=share) for share in SHARES},
    **{_named(share, "int8"): Variant("int8", share) for share in SHARES},
    "quantize": Variant("int8", quantize=True),
}
TEACHER: Dict[str, Variant] = {
    "float32": Variant(),
    "int8": Variant("int8"),
    _named(0.5): Variant(pruned=0.5),
    _named(0.5, "int8"): Variant("int8", 0.5),
}
