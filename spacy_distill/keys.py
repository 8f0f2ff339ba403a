"""The keys under which a Doc carries soft labels in its `user_data`."""

# np.float16 array [n_tokens, n_tags]: the teacher's logits, before any temperature.
LOGITS = "spacy_distill.logits"
# Tuple of n_tags tag names in column order; attached on reading, not stored.
TAGS = "spacy_distill.tasks.ner.tags"
