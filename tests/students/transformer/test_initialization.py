"""How a student starts."""

import logging
import shutil

import pytest
import spacy
from small import TEXTS, write_gold
from spacy.util import registry
from tiny_teachers import make_bert_teacher
from tiny_transformer_students import (
    PIECES,
    SHAPE,
    make_examples,
    make_student,
    make_unigram,
    shim_of,
    train,
    write_source,
)

from spacy_distill.errors import DistillError
from spacy_distill.students.transformer.initialization import (
    InitTransformer,
    init_transformer_v1,
)
from spacy_distill.students.transformer.module import choose_layers
from spacy_distill.students.transformer.source import load_encoder, save_encoder

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
TYPES = "embeddings.token_type_embeddings.weight"


def weights(nlp):
    return shim_of(nlp).module.state_dict()


@pytest.mark.parametrize(
    ("n_source", "n_layers", "expected"),
    [
        (12, 6, [2, 4, 6, 8, 10, 12]),
        (6, 3, [2, 4, 6]),
        (4, 4, [1, 2, 3, 4]),
        (12, 4, [3, 6, 9, 12]),
        (12, 5, [2, 4, 7, 9, 12]),
        (6, 1, [6]),
    ],
)
def test_layers_are_spread_evenly(n_source, n_layers, expected):
    assert choose_layers(n_source, n_layers) == expected


@pytest.mark.parametrize("chosen", [None, [4, 1]])
def test_layers_and_embeddings_are_copied(source, chosen):
    nlp = make_student(source, init={"source_layers": chosen})
    got, given = weights(nlp), load_encoder(source).model.state_dict()
    for number, origin in enumerate(chosen or [2, 4]):
        names = [name for name in got if name.startswith(f"encoder.layer.{number}.")]
        assert len(names) == 16
        for name in names:
            rest = name.split(".", 3)[3]
            assert got[name].equal(given[f"encoder.layer.{origin - 1}.{rest}"])
    assert got[WORDS].equal(given[WORDS])
    assert got[POSITIONS].equal(given[POSITIONS][: SHAPE["max_length"]])
    # One segment for each word shape, beginning with the pretrained one.
    assert got[TYPES][0].equal(given[TYPES][0])
    assert len(got[TYPES]) == 6
    assert 0 < (got[TYPES][1:] - given[TYPES][0]).abs().max() < 0.1


def test_all_layers_without_case_are_the_source_itself(source):
    nlp = make_student(source, layers=4, case=False)
    docs = [nlp.make_doc(text) for text in TEXTS]
    shim = shim_of(nlp)
    (batch,) = shim.reader.read(docs, most=10_000).batches
    (got,), _ = shim(([batch], 0.0), False)
    import torch

    with torch.no_grad():
        expected = load_encoder(source).model.eval()(
            input_ids=torch.from_numpy(batch.ids),
            attention_mask=torch.from_numpy(batch.mask),
        )
    mask = batch.mask.astype(bool)
    assert got[mask] == pytest.approx(
        expected.last_hidden_state.numpy()[mask], abs=1e-5
    )


def test_random_start_has_the_tokenizer_alone(source):
    settings = {"width": 8, "feed_forward_width": 12, "layers": 5}
    nlp = make_student(source, init={"start": "random"}, **settings)
    got = weights(nlp)
    assert got[WORDS].shape == (len(PIECES), 8)
    assert "encoder.layer.4.output.dense.weight" in got
    assert train(nlp, 1)[0] > 0


def test_the_vocabulary_is_pruned_to_the_texts(source, tmp_path):
    gold = write_gold(tmp_path / "gold.spacy", spacy.blank("en"))
    full = make_student(source, case=False)
    init = {"prune_vocabulary": True, "gold": gold}
    nlp = make_student(source, init=init, case=False)
    n_pieces = len(weights(nlp)[WORDS])
    assert n_pieces < len(PIECES)
    assert shim_of(nlp).cfg["vocab_size"] == n_pieces
    docs = [nlp.make_doc(text) for text in TEXTS]
    tok2vecs = [p.get_pipe("ner").model.get_ref("tok2vec") for p in (full, nlp)]
    for expected, got in zip(*(tok2vec.predict(docs) for tok2vec in tok2vecs)):
        assert got == pytest.approx(expected, abs=1e-5)
    with pytest.raises(DistillError, match="gold or soft_labels .* got neither"):
        make_student(source, init={"prune_vocabulary": True})


def test_case_follows_the_tokenizer(source, tmp_path):
    assert shim_of(make_student(source)).cfg["is_case_aware"]
    cased = write_source(tmp_path, tokenizer=make_unigram())
    nlp = make_student(cased)
    assert not shim_of(nlp).cfg["is_case_aware"]
    assert len(weights(nlp)[TYPES]) == 1
    assert train(nlp, 30)[-1] < 0.5
    assert shim_of(make_student(cased, case=True)).cfg["is_case_aware"]


def test_positions_of_roberta_begin_after_the_padding(tmp_path):
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

    tokenizer = make_unigram()
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=SHAPE["width"],
        num_hidden_layers=2,
        num_attention_heads=SHAPE["heads"],
        intermediate_size=SHAPE["feed_forward_width"],
        max_position_embeddings=20,
        pad_token_id=1,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )
    roberta = RobertaModel(config, add_pooling_layer=False).eval()
    roberta.save_pretrained(tmp_path)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>"
    ).save_pretrained(tmp_path)
    nlp = make_student(tmp_path)
    shim = shim_of(nlp)
    assert shim.cfg["layer_norm_eps"] == 1e-5
    (batch,) = shim.reader.read(
        [nlp.make_doc(text) for text in TEXTS[:2]], most=10_000
    ).batches
    import torch

    with torch.no_grad():
        expected = roberta(
            input_ids=torch.from_numpy(batch.ids),
            attention_mask=torch.from_numpy(batch.mask),
        )
    (got,), _ = shim(([batch], 0.0), False)
    mask = batch.mask.astype(bool)
    assert got[mask] == pytest.approx(
        expected.last_hidden_state.numpy()[mask], abs=1e-5
    )
    with pytest.raises(DistillError, match="max_length of at most 18, the positions"):
        make_student(tmp_path, max_length=19)


def test_a_source_that_was_saved(source, tmp_path):
    """As the student of a stage before."""
    nlp = make_student(source)
    nlp.to_disk(tmp_path / "pipeline")
    encoder = load_encoder(tmp_path / "pipeline")
    assert encoder.is_case_aware
    save_encoder(encoder, tmp_path / "folder")
    for saved in ("pipeline", "folder"):
        again = make_student(tmp_path / saved)
        assert shim_of(again).cfg["is_case_aware"]
        for name, weight in weights(nlp).items():
            assert weights(again)[name].equal(weight), name
        assert shim_of(again).reader._before == shim_of(nlp).reader._before


@pytest.mark.parametrize(
    "architecture",
    ["spacy-transformers.TransformerModel.v3", "spacy_distill.CaseAwareTransformer.v1"],
)
def test_a_teacher_as_source(tmp_path, architecture):
    teacher = make_bert_teacher(tmp_path / "bert", architecture=architecture)
    teacher.to_disk(tmp_path / "teacher")
    encoder = load_encoder(tmp_path / "teacher")
    is_case_aware = "CaseAware" in architecture
    assert encoder.is_case_aware == is_case_aware
    sizes = {"width": 8, "feed_forward_width": 16, "layers": 1}
    nlp = make_student(tmp_path / "teacher", **sizes)
    given = encoder.model.state_dict()
    assert weights(nlp)["encoder.layer.0.output.dense.weight"].equal(
        given["encoder.layer.1.output.dense.weight"]
    )
    assert weights(nlp)[TYPES].equal(given[TYPES]) == is_case_aware
    with pytest.raises(DistillError, match="Expected width = 8"):
        make_student(tmp_path / "teacher", **{**sizes, "width": 4})


@pytest.mark.parametrize(
    ("settings", "init", "message"),
    [
        ({"width": 32}, {}, "Expected width = 16, which .* has, got 32"),
        ({"feed_forward_width": 8}, {}, "Expected feed_forward_width = 32"),
        ({"heads": 4}, {}, "Expected heads = 2"),
        ({"layers": 5}, {}, "Expected a student of at most 4 layers"),
        ({"max_length": 33}, {}, "Expected max_length of at most 32"),
        ({}, {"source_layers": [1, 5]}, r"source_layers from 1 to 4, got \[1, 5\]"),
        ({}, {"source_layers": [0, 1]}, r"source_layers from 1 to 4, got \[0, 1\]"),
        ({}, {"source_layers": [1]}, "as many source_layers as .* layers, 2, got"),
        ({}, {"start": "teacher"}, 'start = "source" or "random", got \'teacher\''),
    ],
)
def test_settings_that_do_not_fit(source, monkeypatch, settings, init, message):
    # Before weights are loaded.
    monkeypatch.setattr(
        "spacy_distill.students.transformer.initialization.load_encoder", None
    )
    with pytest.raises(DistillError, match=message):
        make_student(source, init=init, **settings)


def test_sources_that_cannot_be_used(source, tmp_path):
    with pytest.raises(DistillError, match="nothing there"):
        make_student(tmp_path / "nowhere")
    folder = tmp_path / "without"
    shutil.copytree(source, folder)
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(DistillError, match="Expected a tokenizer in"):
        make_student(folder)
    other = write_source(tmp_path / "other", vocab_size=20)
    with pytest.raises(DistillError, match="Expected the tokenizer of its model"):
        make_student(other)
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(DistillError, match="pipeline with a transformer as source"):
        make_student(tmp_path / "blank")


def test_other_types_of_transformers(tmp_path):
    from tiny_transformer_students import make_word_piece
    from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

    tokenizer = make_word_piece()
    config = DistilBertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        dim=16,
        n_layers=2,
        n_heads=2,
        hidden_dim=32,
    )
    DistilBertModel(config).save_pretrained(tmp_path)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]"
    ).save_pretrained(tmp_path)
    with pytest.raises(DistillError, match="one of the types bert, .* type distilbert"):
        make_student(tmp_path)
    # Its tokenizer will do.
    assert shim_of(make_student(tmp_path, init={"start": "random"})).is_initialized


def test_no_student_in_the_pipeline(source):
    nlp = spacy.blank("en")
    nlp.add_pipe("compact_ner")
    with pytest.raises(DistillError, match="Expected a transformer student in"):
        init_transformer_v1(str(source))(nlp)


def test_a_trained_pipeline_keeps_its_weights_without_the_source(
    source, tmp_path, caplog
):
    folder = tmp_path / "source"
    shutil.copytree(source, folder)
    nlp = make_student(folder)
    before = weights(nlp)[WORDS].clone()
    shutil.rmtree(folder)
    logger = logging.getLogger("spacy")
    logger.propagate = True
    with caplog.at_level("WARNING", logger="spacy"):
        init_transformer_v1(str(folder))(nlp)
    logger.propagate = False
    assert "keeps its weights: its source cannot be loaded" in caplog.text
    nlp.initialize(lambda: make_examples(nlp))
    assert weights(nlp)[WORDS].equal(before)


def test_the_package_requires_the_runtime(source):
    nlp = make_student(source)
    (requirement,) = nlp.meta["requirements"]
    assert requirement.startswith("spacy-distill[onnx]>=")


def test_it_is_registered():
    made = registry.callbacks.get("spacy_distill.init_transformer.v1")("name")
    assert isinstance(made, InitTransformer)
