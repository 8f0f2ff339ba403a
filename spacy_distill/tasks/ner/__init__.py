"""The spaCy component: one token classifier for teachers and students."""
