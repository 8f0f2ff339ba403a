"""Test a `ner` after a `curated_transformer`, as in spaCy's own pipelines."""

import numpy as np
import pytest
import spacy
from stock_pipelines import TEXTS, decoded, train, triples
from taught import logits_of, unaligned_of
from tiny_teachers import PIECES

from spacy_distill.errors import DistillError
from spacy_distill.teachers.spacy_pipelines.transition import TransitionTeacher

pytest.importorskip("spacy_curated_transformers")
curated_tokenizers = pytest.importorskip("curated_tokenizers")

WIDTH = 16


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    sizes = {"num_attention_heads": 2, "num_hidden_layers": 2, "hidden_width": WIDTH}
    transformer = {
        "@architectures": "spacy-curated-transformers.BertTransformer.v1",
        "vocab_size": len(PIECES),
        "intermediate_width": 16,
        "max_position_embeddings": 64,
        "model_max_length": 64,
        "piece_encoder": {
            "@architectures": "spacy-curated-transformers.BertWordpieceEncoder.v1"
        },
        "with_spans": {
            "@architectures": "spacy-curated-transformers.WithStridedSpans.v1",
            "stride": 24,
            "window": 32,
        },
        **sizes,
    }
    nlp.add_pipe(
        "curated_transformer", name="transformer", config={"model": transformer}
    )
    listener = {
        "@architectures": "spacy-curated-transformers.LastTransformerLayerListener.v1",
        "width": WIDTH,
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": listener,
    }
    nlp.add_pipe("ner", config={"model": model})
    for node in nlp.get_pipe("transformer").model.walk():
        if node.name == "wordpiece_encoder":
            node.attrs["wordpiece_processor"] = curated_tokenizers.WordPieceProcessor(
                PIECES
            )
    train(nlp, steps=0)
    # Untrained, it finds enough where "O" is improbable.
    ner = nlp.get_pipe("ner")
    names = [ner.moves.get_class_name(i) for i in range(ner.moves.n_moves)]
    lower = ner.model.get_ref("lower")
    bias = lower.get_param("b").copy()
    bias[names.index("O")] -= 1.0
    lower.set_param("b", bias)
    return nlp


def test_entities_match_the_pipeline(nlp):
    teacher = TransitionTeacher(nlp, "ner")
    texts = [text for text in TEXTS if text.strip()]
    texts.append(" ".join(texts))
    rows = logits_of(teacher, [nlp.make_doc(text) for text in texts])
    n_entities = 0
    for text, row in zip(texts, rows):
        expected = triples(nlp(text).ents)
        assert decoded(row.astype(np.float16), teacher.task.columns) == expected
        n_entities += len(expected)
    assert n_entities > 10


def test_blank_documents(nlp):
    """Test whitespace, on which the pipeline itself fails."""
    teacher = TransitionTeacher(nlp, "ner")
    docs = [nlp.make_doc(text) for text in ("  ", "Tarn", "", "\n")]
    predictions = teacher.predict(docs)
    rows = [prediction.logits for prediction in predictions]
    assert [len(row) for row in rows] == [1, 1, 0, 1]
    assert rows[0].argmax() == rows[3].argmax() == 0
    assert unaligned_of(predictions) == [[], [], [], []]


def test_listener_without_upstream_component(nlp):
    with (
        nlp.select_pipes(disable="transformer"),
        pytest.raises(DistillError, match="listens to it"),
    ):
        TransitionTeacher(nlp, "ner")
