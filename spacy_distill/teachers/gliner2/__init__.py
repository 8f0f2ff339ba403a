"""GLiNER2 teachers: names of categories in, their probabilities out."""
