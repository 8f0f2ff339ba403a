"""What is handed over: the teacher's stored logits and their papers."""
