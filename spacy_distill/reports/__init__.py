"""What came of it: measured tables, agreement, model cards and pictures."""
