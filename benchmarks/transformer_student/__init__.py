"""Transformer students: objectives, sizes and speed; see README.md."""
