"""GLiNER: label names given by the user, spans scored by the model."""
