"""How texts are augmented."""

from dataclasses import dataclass

from ...errors import DistillError

MASK = "[MASK]"
# The longest n-gram of Tang et al. 2019, in words.
NGRAM_WORDS = 5


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Settings of augmentation.

    The defaults of `mask_rate`, `replace_rate`, `ngram_rate` and `ngram_words` are from
    Tang et al. 2019 (arXiv 1903.12136).

    Attributes:
        mask_rate: Probability that a word is masked.
        replace_rate: Probability that a word is replaced. A word is either masked or
            replaced, so the two sum to at most 1.
        ngram_rate: Probability that only an n-gram of the text is kept.
        sentence_rate: Probability that only some of its sentences are kept. A text is
            cut in one of the two ways, so they sum to at most 1, too.
        mask: What masked words become. "[MASK]" is what BERT was pretrained with; for
            RoBERTa it is "<mask>". A student's tokenizer may split it.
        ngram_words: Words of the longest n-gram. The shortest has one.
        rounds: How many new texts are made of each text, before those that are empty
            or there already are left out.
        originals: Whether `augment` writes the texts themselves, too.

    Raises:
        DistillError: If a setting is out of its range, or if all rates are 0.
    """

    mask_rate: float = 0.1
    replace_rate: float = 0.1
    ngram_rate: float = 0.25
    sentence_rate: float = 0.25
    mask: str = MASK
    ngram_words: int = NGRAM_WORDS
    rounds: int = 5
    originals: bool = True

    def __post_init__(self) -> None:
        rates = ("mask_rate", "replace_rate", "ngram_rate", "sentence_rate")
        for name in rates:
            rate = getattr(self, name)
            if not 0.0 <= rate <= 1.0:
                raise DistillError(
                    f"Expected {name} from 0 to 1, got {rate}: give a share, such as"
                    " 0.1 for a tenth."
                )
        for one, other in (rates[:2], rates[2:]):
            total = getattr(self, one) + getattr(self, other)
            # Two shares such as 0.7 and 0.3 may sum to a little more in floats.
            if total > 1.0 + 1e-9:
                raise DistillError(
                    f"Expected {one} and {other} to sum to at most 1, got {total:g}:"
                    " lower one of them."
                )
        if not any(getattr(self, name) for name in rates):
            raise DistillError(
                "Expected a rate above 0, got 0 for all of them: raise mask_rate,"
                " replace_rate, ngram_rate or sentence_rate."
            )
        for name in ("rounds", "ngram_words"):
            number = getattr(self, name)
            if number < 1:
                raise DistillError(
                    f"Expected {name} of 1 or more, got {number}: raise it."
                )
        if not self.mask or any(char.isspace() for char in self.mask):
            raise DistillError(
                f"Expected a mask without whitespace, got {self.mask!r}: choose one"
                f" such as {MASK}."
            )
