"""The coarse look of a word: what an uncased word table does not see."""

N_SHAPES = 6


def word_shape(word: str) -> int:
    """0 lower case, 1 upper case, 2 capitalised, 3 has a digit, 4 other letters
    (mixed case, scripts without case), 5 anything else."""
    if word.islower():
        return 0
    if word.isupper():
        return 1
    if word[:1].isupper():
        return 2
    if any(char.isdigit() for char in word):
        return 3
    return 4 if word.isalpha() else 5
