"""Predictions of a pipeline: of a batch, and of many texts into a file."""
