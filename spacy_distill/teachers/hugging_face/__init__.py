"""Teachers that predict with Hugging Face token classifiers."""
