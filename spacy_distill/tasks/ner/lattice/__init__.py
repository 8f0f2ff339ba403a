"""Exact sums and maxima over all tag sequences of a sentence."""
