"""Distil a slow, accurate NER pipeline into a compact spaCy package."""

__version__ = "0.1.0"
