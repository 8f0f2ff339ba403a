"""Exact inference over tag sequences: sums, maxima and their gradients."""
