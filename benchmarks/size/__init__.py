"""Quantization, pruning and distillation, alone and together."""
