"""Quantisation, pruning and distillation, alone and together."""
