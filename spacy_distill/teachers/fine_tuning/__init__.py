"""Transformers that are fine-tuned here."""
