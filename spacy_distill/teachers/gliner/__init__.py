"""GLiNER teachers: label names in, scored spans out."""
