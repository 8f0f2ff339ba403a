"""Pipelines of spaCy's own components, small enough to be trained in a test."""

import re
from functools import cache
from typing import Any, Dict, List, Sequence, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_distill.tasks.ner.decoding import decode_tags
from spacy_distill.tasks.ner.tags import tags_to_spans

LABELS = ("LOC", "PER")
MARKED = [
    "[Mira Holt](PER) walked to [Upper Linden](LOC) .",
    "In [Tarn](LOC) nobody knew [Old Man Brook](PER) .",
    "[Upper Linden](LOC) and [Port of Tarn](LOC) are twins .",
    "Yesterday [Mira](PER) wrote to [Otto van Brook](PER) again .",
    "The road from [Tarn](LOC) to [Port of Tarn](LOC) is closed .",
    "Nothing happened , said [Otto Holt](PER) .",
    "The old mill stands empty .",
    "[Otto](PER) , [Mira Holt](PER) and [Old Man Brook](PER) met in [Linden](LOC) .",
]
WORDS = sorted(
    {w for text in MARKED for w in re.sub(r"\]\(\w+\)|\[", "", text).split()}
)
TEXTS = [
    "Mira Holt walked from Tarn to Upper Linden .",
    "Old Man Brook said nothing . Otto van Brook wrote to Port of Tarn again .",
    "In  Upper\nLinden nobody , said Mira .  ",
    "",
    "   ",
    "Tarn",
    "the old mill",
    "Otto Holt Mira Brook Linden Tarn Port of of van Man Old Upper",
]
# A narrow model, whose predictions remain uncertain.
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}
# Options of `ner` models, by name. The base model has its own tok2vec.
NER: Dict[str, Dict[str, Any]] = {
    "own": {},
    "listener": {},
    "no_upper": {"use_upper": False, "extra_state_tokens": True},
    "one_piece": {"use_upper": True, "maxout_pieces": 1, "extra_state_tokens": True},
    "beam": {},
}


def unmark(text: str) -> Tuple[str, List[Tuple[int, int, str]]]:
    """Return the text without markup, and its entities in characters."""
    plain, entities = "", []
    for part in re.split(r"(\[[^\]]+\]\(\w+\))", text):
        match = re.fullmatch(r"\[([^\]]+)\]\((\w+)\)", part)
        inner = match.group(1) if match else part
        if match:
            entities.append((len(plain), len(plain) + len(inner), match.group(2)))
        plain += inner
    return plain, entities


def make_ner(
    kind: str = "own", *, steps: int = 25, marked: Sequence[str] = MARKED
) -> Language:
    """Create a pipeline with a `ner` or `beam_ner` named ner; see `NER`."""
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": TOK2VEC,
        **NER[kind],
    }
    if kind == "listener":
        nlp.add_pipe("tok2vec", config={"model": TOK2VEC})
        listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}
        model["tok2vec"] = listener
    config: Dict[str, Any] = {"model": model}
    if kind == "beam":
        config.update(beam_width=4, beam_density=0.01)
    factory = "beam_ner" if kind == "beam" else "ner"
    nlp.add_pipe(factory, name="ner", config=config)
    return train(nlp, steps=steps, marked=marked)


def make_spancat(factory: str = "spancat", **config: Any) -> Language:
    """Create a pipeline with a `spancat` or `spancat_singlelabel` named spancat."""
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy.SpanCategorizer.v1",
        "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 16},
        "scorer": {"@layers": "spacy.LinearLogistic.v1"},
        "tok2vec": TOK2VEC,
    }
    if factory == "spancat_singlelabel":
        model["scorer"] = {"@layers": "Softmax.v2"}
    suggester = {"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2, 3, 4]}
    nlp.add_pipe(
        factory,
        name="spancat",
        config={"model": model, "suggester": suggester, "spans_key": "sc", **config},
    )
    # Enough to be sure of what is in MARKED, by any threshold.
    return train(nlp, steps=60)


def train(nlp: Language, *, steps: int, marked: Sequence[str] = MARKED) -> Language:
    """Train on marked sentences: entities in `doc.ents` and `doc.spans["sc"]`."""
    fix_random_seed(0)
    examples = []
    for sentence in marked:
        text, entities = unmark(sentence)
        example = Example.from_dict(nlp.make_doc(text), {"entities": entities})
        example.reference.spans["sc"] = list(example.reference.ents)
        examples.append(example)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(steps):
        nlp.update(examples, sgd=optimizer, drop=0.1)
    return nlp


@cache
def trained_bytes(kind: str) -> bytes:
    return make_ner(kind).to_bytes()


def trained_ner(kind: str = "own") -> Language:
    """Return a copy of a trained pipeline, since pipelines grow with use."""
    nlp = make_ner(kind, steps=0)
    return nlp.from_bytes(trained_bytes(kind), exclude=["tokenizer"])


def decoded(logits: Any, tags: Tuple[str, ...]) -> List[Tuple[int, int, str]]:
    """Decode logits to entities (start, end, label)."""
    columns = decode_tags(logits, [len(logits)], tags)
    return tags_to_spans([tags[column] for column in columns])


def triples(spans: Any) -> List[Tuple[int, int, str]]:
    return [(span.start, span.end, span.label_) for span in spans]


def block(doc: Doc, words: List[str]) -> Doc:
    """Block the tokens with these texts. Entities are kept."""
    blocked = [doc[t.i : t.i + 1] for t in doc if t.text in words and not t.ent_type_]
    doc.set_ents(list(doc.ents), blocked=blocked, default="unmodified")
    return doc


def preset(doc: Doc, word: str, label: str) -> Doc:
    """Set an entity at every such word and the token after it."""
    starts = [t.i for t in doc[:-1] if t.text == word]
    free = [i for i in starts if not any(t.ent_type_ for t in doc[i : i + 2])]
    spans = [Span(doc, i, i + 2, label=label) for i in free]
    doc.set_ents([*doc.ents, *spans], default="unmodified")
    return doc
