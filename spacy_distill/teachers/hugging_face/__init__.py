"""Teachers that predict with Hugging Face token and sequence classifiers."""
