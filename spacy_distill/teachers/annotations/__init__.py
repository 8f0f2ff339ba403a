"""Teachers that read annotations of people or language models from a file."""
