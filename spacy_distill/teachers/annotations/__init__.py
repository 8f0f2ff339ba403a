"""Annotations in a file: votes of people and of language models."""
