"""Texts with categories, in the formats of annotation tools and data sets."""

from .gold import read_category_gold
from .read import annotation_task

__all__ = ["annotation_task", "read_category_gold"]
