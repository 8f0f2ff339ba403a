"""Measure pipelines: scores, agreement, calibration, size and speed."""
