"""What a transformer knows of words by themselves, for the word tables of students."""
