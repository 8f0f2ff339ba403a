"""Presets of students compared: F1, speed and size on several corpora."""
