"""Pipelines made small, once they are trained."""
