"""Texts with annotated spans, in the formats of annotation tools and data sets."""

from .gold import read_annotated_gold
from .read import is_annotated

__all__ = ["is_annotated", "read_annotated_gold"]
