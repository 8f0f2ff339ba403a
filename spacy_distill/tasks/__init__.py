"""Tasks that a teacher teaches and a student learns."""
