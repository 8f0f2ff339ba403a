"""Losses: the task loss, the distillation loss and their weighting."""
