"""Run a teacher over unlabelled text and store its predictions."""
