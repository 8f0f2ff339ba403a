"""Corpus readers and batchers that mix gold and unlabelled text."""
