"""spaCy's own `ner` with the config that it proposes, trained for a moment.

What it has learned makes no difference to its speed, as long as it finds about as many
entities as there are.
"""

from pathlib import Path
from typing import List

from spacy.cli.init_config import init_config
from spacy.language import Language
from spacy.training import Example
from spacy.util import load_model_from_config, minibatch
from thinc.api import fix_random_seed

LABELS = ("LOC", "MISC", "ORG", "PER")
_PASSES = 20
_NAMES = ("Anna", "Ben Holt", "Clara Dunn", "David", "Port Ellen", "York", "Unesco")
_SENTENCES = (
    "{} met {} at the station .",
    "Nobody knew why {} had left so early .",
    "In spring , {} wrote to {} about the price of wheat .",
    "The old road was closed for a week .",
    "{} won again .",
)


def make_stock(folder: Path, *, lang: str) -> None:
    """Train it on invented sentences, and write the pipeline to a folder."""
    config = init_config(lang=lang, pipeline=["ner"], optimize="efficiency")
    nlp = load_model_from_config(config, auto_fill=True)
    fix_random_seed(0)
    examples = _make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(_PASSES):
        for batch in minibatch(examples, 16):
            nlp.update(batch, sgd=optimizer, drop=0.1)
    nlp.to_disk(folder)


def _make_examples(nlp: Language) -> List[Example]:
    examples = []
    for i in range(8 * len(_SENTENCES)):
        text, entities = "", []
        pieces = _SENTENCES[i % len(_SENTENCES)].split("{}")
        for j, piece in enumerate(pieces):
            text += piece
            if j + 1 < len(pieces):
                name = _NAMES[(3 * i + j) % len(_NAMES)]
                label = LABELS[(i + j) % len(LABELS)]
                entities.append((len(text), len(text) + len(name), label))
                text += name
        doc = nlp.make_doc(text)
        examples.append(Example.from_dict(doc, {"entities": entities}))
    return examples
