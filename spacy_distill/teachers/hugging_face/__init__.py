"""Hugging Face token classifiers: their pieces, labels and schemes."""
