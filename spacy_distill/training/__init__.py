"""Train students and fine-tune teachers."""
