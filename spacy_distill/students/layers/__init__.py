"""Layers of student encoders, each with a numpy and a torch forward pass."""
