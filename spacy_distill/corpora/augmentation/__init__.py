"""Augmentation of texts that a teacher labels: masked, replaced and sampled words."""
