"""Teachers that read the words of a lexicon, too."""

import numpy as np
import pytest
import spacy
from lexicon_data import CHARACTERS, NAMES, make_docs, write_bert
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from tiny_transformer_students import make_student, shim_of

from spacy_distill.errors import DistillError
from spacy_distill.losses.layers import hidden_loss_v1, layer_losses_v1
from spacy_distill.students.lexicon.matching import Lexicon
from spacy_distill.students.transformer.source import load_encoder
from spacy_distill.students.transformer.vectors import EncoderVectors
from spacy_distill.teachers.load import load_teacher
from spacy_distill.training.config import CONFIGS, read_config
from spacy_distill.training.general_distillation.distill_encoder import (
    distill_encoder,
)
from spacy_distill.training.init_lexicon import init_lexicon_v1
from spacy_distill.training.layer_teacher import layer_teacher_v1

OWN = "spacy_distill.LexiconTransformer.v1"
PLAIN = "spacy-transformers.TransformerModel.v3"
TEXTS = ["".join(NAMES[i : i + 4]) for i in range(0, 12, 4)]
WINDOW = 6


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return write_bert(tmp_path_factory.mktemp("lexicon_transformer") / "bert")


def write_words(folder, words=NAMES):
    path = folder / "words.txt"
    path.write_text("\n".join(words), encoding="utf-8")
    return path


def make_pipeline(bert, architecture=OWN, *, words=None, initialize=True, **model):
    config = read_config(CONFIGS / "teacher_zh.cfg", {"paths.transformer": str(bert)})
    settings = config["components"]["transformer"]["model"]
    settings["get_spans"].update(window=WINDOW, stride=4)
    settings.update({"@architectures": architecture, **model})
    nlp = spacy.blank("zh")
    nlp.add_pipe("transformer", config={"model": settings})
    ner = config["components"]["ner"]["model"]
    nlp.add_pipe("compact_ner", name="ner", config={"model": ner})
    if words is not None:
        init_lexicon_v1(words, width=8, max_words=3, prune_words=False)(nlp)
    if initialize:
        examples = make_examples(nlp)
        nlp.initialize(lambda: examples)
    return nlp


def make_examples(nlp):
    docs = make_docs(NAMES, 20, seed=4)
    return [Example(nlp.make_doc(doc.text), doc) for doc in docs]


@pytest.fixture(scope="module")
def trained(bert, tmp_path_factory):
    """Do not change it."""
    fix_random_seed(0)
    nlp = make_pipeline(bert, words=write_words(tmp_path_factory.mktemp("words")))
    sgd = Adam(0.01)
    examples = make_examples(nlp)
    losses = []
    for _ in range(40):
        found = nlp.update(examples, sgd=sgd, losses={})
        losses.append(found["ner"])
    assert losses[-1] < 0.5 * losses[0]
    return nlp


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "teacher"
    trained.to_disk(folder)
    return folder


def transformer_of(nlp):
    return nlp.get_pipe("transformer").model.transformer


def logits(nlp, texts=TEXTS):
    docs = list(nlp.get_pipe("transformer").pipe(nlp.make_doc(text) for text in texts))
    return np.concatenate(nlp.get_pipe("ner").get_logits(docs))


def test_pieces_have_the_words_of_their_span(trained):
    seen = []

    def record(layer, args):
        seen.append(args[1].numpy())

    handle = transformer_of(trained).lexicon.register_forward_pre_hook(record)
    texts = [*TEXTS, f"  {NAMES[0]} \n {NAMES[1]}x", NAMES[2]]
    docs = [trained.make_doc(text) for text in texts]
    trained.get_pipe("transformer").predict(docs)
    handle.remove()
    (ids,) = seen
    spans = trained.get_pipe("transformer").model.attrs["get_spans"](docs)
    spans = [span for one in spans for span in one]
    assert len(spans) > len(docs)
    lexicon = Lexicon(NAMES)
    assert ids.any()
    for row, span in zip(ids, spans):
        # A piece is a character here, and spaces have none.
        words = [
            words
            for token, words in zip(span, lexicon.words_of_tokens(span, max_words=3))
            for _ in token.text.strip()
        ]
        n = len(words)
        np.testing.assert_array_equal(row[1 : n + 1], words)
        # Nor have special tokens and padding.
        assert not row[0].any()
        assert not row[n + 1 :].any()


def test_without_words_it_is_the_usual_transformer(bert, tmp_path):
    """And with them another, from the first layer on."""
    outputs = {}
    for name, architecture, words in (
        ("plain", PLAIN, None),
        ("none", OWN, ["\u4e2d\u4e2d"]),
        ("all", OWN, NAMES),
    ):
        path = words and write_words(tmp_path, words)
        nlp = make_pipeline(bert, architecture, words=path)
        docs = [nlp.make_doc(text) for text in TEXTS]
        batch = nlp.get_pipe("transformer").predict(docs)
        outputs[name] = batch.model_output.last_hidden_state
    np.testing.assert_array_equal(outputs["none"], outputs["plain"])
    assert np.abs(outputs["all"] - outputs["plain"]).max() > 1e-3


def test_all_of_it_learns(trained, bert, tmp_path):
    other = make_pipeline(bert, words=write_words(tmp_path))
    before = dict(transformer_of(other).named_parameters())
    after = dict(transformer_of(trained).named_parameters())
    assert len([name for name in after if name.startswith("lexicon.")]) == 8
    for name, weight in after.items():
        if not name.startswith("pooler"):
            assert not (weight == before[name]).all(), name
    assert not after["lexicon.vectors.weight"][0].any()


def test_saved_and_loaded(trained, saved):
    expected = logits(trained)
    loaded = spacy.load(saved)
    model = loaded.get_pipe("transformer").model
    assert model.words.lexicon.words == NAMES
    assert model.words.max_words == 3
    from_bytes = make_pipeline(saved, initialize=False).from_bytes(trained.to_bytes())
    for nlp in (loaded, from_bytes):
        np.testing.assert_array_equal(logits(nlp), expected)
    # Again, and after more training.
    examples = make_examples(loaded)
    loaded.update(examples, sgd=Adam(0.01))
    assert np.abs(logits(loaded) - expected).max() > 1e-3
    again = spacy.blank("zh").from_config(loaded.config).from_bytes(loaded.to_bytes())
    np.testing.assert_array_equal(logits(again), logits(loaded))


def test_a_copy(trained):
    model = trained.get_pipe("transformer").model
    copied = model.copy()
    docs = [trained.make_doc(text) for text in TEXTS]
    outputs = [m.predict(docs).model_output.last_hidden_state for m in (model, copied)]
    np.testing.assert_array_equal(*outputs)
    assert copied.transformer is not model.transformer


def test_soft_labels_of_it(saved):
    teacher = load_teacher(saved)
    docs = [teacher.nlp.make_doc(text) for text in [*TEXTS, CHARACTERS * 12]]
    predictions = teacher.predict(docs)
    assert [len(p.logits) for p in predictions] == [len(doc) for doc in docs]
    pieces = teacher.word_pieces()
    assert set(pieces.surfaces) >= set(CHARACTERS)


def test_its_encoder_is_a_source_for_students_only(saved, tmp_path):
    sizes = {"layers": 2, "max_length": 12}
    student = make_student(saved, case=False, **sizes)
    given = load_encoder(saved).model.state_dict()
    own = shim_of(student).module.state_dict()
    name = "encoder.layer.0.attention.self.query.weight"
    assert (own[name] == given[name.replace("layer.0", "layer.1")]).all()
    assert not any(key.startswith("lexicon") for key in own)
    message = "reads word pieces alone, got one with a lexicon: name one without"
    losses = layer_losses_v1({"hidden": hidden_loss_v1()})
    with pytest.raises(DistillError, match=message):
        layer_teacher_v1(str(saved), losses)(student)
    with pytest.raises(DistillError, match=message):
        EncoderVectors(load_encoder(saved))
    with pytest.raises(DistillError, match=message):
        distill_encoder(saved, TEXTS, tmp_path / "encoder", progress=False)


def test_no_lexicon(bert):
    with pytest.raises(DistillError, match="Expected words for .*got none: set"):
        make_pipeline(bert)


def test_other_transformers(bert, tmp_path):
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

    config = DistilBertConfig(vocab_size=13, dim=8, n_heads=2, n_layers=1, hidden_dim=8)
    DistilBertModel(config).save_pretrained(tmp_path / "distilbert")
    AutoTokenizer.from_pretrained(bert).save_pretrained(tmp_path / "distilbert")
    words = write_words(tmp_path)
    with pytest.raises(DistillError, match="layers as BERT has .*got DistilBertModel"):
        make_pipeline(tmp_path / "distilbert", words=words)
    with pytest.raises(DistillError, match="Expected a fast tokenizer"):
        make_pipeline(bert, words=words, tokenizer_config={"use_fast": False})
