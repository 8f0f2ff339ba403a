"""`compact_ner` pipelines, small enough to be created in a test."""

import json
from pathlib import Path
from typing import List

import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

_WORDS = ["anna", "lives", "in", "paris", "with", "a", "dog", ".", ",", "the", "old"]
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]"]
PIECES = (
    _SPECIAL
    + _WORDS
    + list("bcdefghijklmnopqrstuvwxyz")
    + [f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"]
)
WIDTH = 8


def make_cnn_teacher(**model: object) -> Language:
    """Create a `compact_ner` with spaCy's CNN, without word pieces and torch."""
    nlp = spacy.blank("en")
    tok2vec = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 16,
        "depth": 1,
        "embed_size": 64,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": True,
    }
    classifier = {"@architectures": "spacy_distill.TokenClassifier.v1", **model}
    nlp.add_pipe(
        "compact_ner",
        name="ner",
        config={"model": {**classifier, "tok2vec": tok2vec}},
    )
    return _initialize(nlp)


def make_bert_teacher(
    folder: Path,
    *,
    max_length: int = 32,
    architecture: str = "spacy-transformers.TransformerModel.v3",
) -> Language:
    """Create a `compact_ner` that listens to a two-layer BERT.

    Args:
        folder: Folder to save the BERT to.
        max_length: Maximum input length in word pieces.
        architecture: Architecture of the transformer component.

    Returns:
        The pipeline.
    """
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=True)
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(PIECES),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "transformer",
        config={
            "model": {
                "@architectures": architecture,
                "name": str(folder),
                "tokenizer_config": {"use_fast": True},
                "transformer_config": {},
                "get_spans": {
                    "@span_getters": "spacy-transformers.strided_spans.v1",
                    "window": 8,
                    "stride": 6,
                },
            }
        },
    )
    nlp.add_pipe(
        "compact_ner",
        name="ner",
        config={
            "model": {
                "@architectures": "spacy_distill.TokenClassifier.v1",
                "tok2vec": {
                    "@architectures": "spacy-transformers.TransformerListener.v1",
                    "grad_factor": 1.0,
                    "pooling": {"@layers": "reduce_mean.v1"},
                },
            }
        },
    )
    return _initialize(nlp)


def _initialize(nlp: Language) -> Language:
    fix_random_seed(0)
    doc = nlp.make_doc("Anna lives in Paris with a dog .")
    gold = {"entities": [(0, 4, "PER"), (14, 19, "LOC")]}
    examples = [Example.from_dict(doc, gold)]
    nlp.initialize(lambda: examples)
    # With the initial zeros, all tokens would have the same logits.
    linear = nlp.get_pipe("ner").model.get_ref("output_layer")
    weights = linear.get_param("W")
    rows = [
        [((i * 7 + j * 3) % 5) - 2.0 for j in range(weights.shape[1])]
        for i in range(weights.shape[0])
    ]
    linear.set_param("W", linear.ops.asarray2f(rows))
    return nlp


def write_jsonl(path: Path, texts: List[str]) -> Path:
    lines = [json.dumps({"text": text}) for text in texts]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
