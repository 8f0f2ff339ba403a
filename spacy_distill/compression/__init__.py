"""Compression of trained pipelines."""
