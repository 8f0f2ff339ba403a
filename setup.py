"""Packaging. `top_level.txt`, which `spacy package` reads to find third-party
requirements, is written by setuptools; keep it the build backend."""

from setuptools import setup

setup()
