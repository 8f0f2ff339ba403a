"""Text classification: teachers, baselines and students side by side."""
