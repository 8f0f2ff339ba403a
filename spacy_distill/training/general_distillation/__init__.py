"""General distillation: a smaller encoder from a pretrained one, on any text."""
