"""The transformer student."""
