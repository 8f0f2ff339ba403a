"""Teachers: Docs in, logits out."""
