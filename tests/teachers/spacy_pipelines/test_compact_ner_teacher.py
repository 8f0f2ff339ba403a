import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from taught import logits_of, unaligned_of
from tiny_teachers import PIECES, WIDTH, make_bert_teacher, make_cnn_teacher

from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.spacy_pipelines.component import CompactNERTeacher

TEXTS = [
    "Anna lives in Paris .",
    "",
    "the old dog , Anna and the old dog in Paris with the old dog of Anna .",
    "   ",
    "\n",
    "the ÀÉ dog",
]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return make_bert_teacher(tmp_path_factory.mktemp("bert") / "weights")


@pytest.fixture(scope="module")
def cnn():
    return make_cnn_teacher()


@pytest.mark.parametrize("kind", ["bert", "cnn"])
def test_logits_are_those_of_the_pipeline(kind, request):
    nlp = request.getfixturevalue(kind)
    teacher = CompactNERTeacher(nlp, "ner")
    assert teacher.task.columns == biluo_tags(["LOC", "PER"])
    rows = logits_of(teacher, [nlp.make_doc(text) for text in TEXTS])
    for text, row in zip(TEXTS, rows):
        doc = nlp.make_doc(text)
        assert row.shape == (len(doc), len(teacher.task.columns))
        assert row.dtype == np.float32
        if len(doc):
            for name, pipe in nlp.pipeline:
                if name != "ner":
                    doc = pipe(doc)
            expected = nlp.get_pipe("ner").get_logits([doc])[0]
            np.testing.assert_allclose(row, expected, atol=1e-5)
    # Not the zeros of a listener without an upstream component.
    assert len(np.unique(rows[0], axis=0)) > 1


def test_docs_of_another_vocab_are_copied(bert):
    teacher = CompactNERTeacher(bert, "ner")
    other = spacy.blank("en")
    foreign = [other.make_doc(text) for text in TEXTS]
    own = [bert.make_doc(text) for text in TEXTS]
    mine, theirs = teacher.predict(own), teacher.predict(foreign)
    for a, b in zip(mine, theirs):
        np.testing.assert_array_equal(a.logits, b.logits)
    assert unaligned_of(mine) == unaligned_of(theirs)
    assert not any(doc.user_data for doc in foreign)


def test_unaligned_words(bert):
    teacher = CompactNERTeacher(bert, "ner")
    # The tokenizer removes control characters, so this word has no pieces.
    words = ["the", "\u0080", "  ", "dog"]
    docs = [Doc(bert.vocab, words=words), bert.make_doc("the dog"), bert.make_doc("")]
    assert unaligned_of(teacher.predict(docs)) == [[1], [], []]


def test_words_beyond_the_longest_input_are_unaligned(tmp_path):
    """Eight words of eight pieces each exceed the model's maximum length."""
    nlp = make_bert_teacher(tmp_path, max_length=16)
    teacher = CompactNERTeacher(nlp, "ner")
    ((logits, unaligned, _),) = teacher.predict([nlp.make_doc("bcbcbcbc " * 8)])
    assert logits.shape == (8, len(teacher.task.columns))
    assert unaligned.any()
    assert not unaligned.all()


def test_whitespace_only(bert):
    teacher = CompactNERTeacher(bert, "ner")
    docs = [bert.make_doc("  "), bert.make_doc("\n")]
    predictions = teacher.predict(docs)
    assert [p.logits.shape for p in predictions] == [(1, 9), (1, 9)]
    assert unaligned_of(predictions) == [[], []]


def test_no_docs_and_no_words(bert):
    teacher = CompactNERTeacher(bert, "ner")
    assert teacher.predict([]) == []
    assert teacher.sizes([]) == []
    (row,) = logits_of(teacher, [bert.make_doc("")])
    assert row.shape == (0, 9)


def test_no_unaligned_tokens_without_a_transformer(cnn):
    teacher = CompactNERTeacher(cnn, "ner")
    docs = [cnn.make_doc(text) for text in TEXTS]
    assert unaligned_of(teacher.predict(docs)) == [[] for _ in docs]
    assert teacher.word_pieces() is None
    assert teacher.sizes(docs) == [len(doc) for doc in docs]


def test_sizes_are_word_pieces(bert):
    teacher = CompactNERTeacher(bert, "ner")
    docs = [bert.make_doc(text) for text in ("anna", "zebra", "")]
    # Including two special tokens.
    assert teacher.sizes(docs) == [3, 7, 2]


def test_word_pieces(bert):
    pieces = CompactNERTeacher(bert, "ner").word_pieces()
    assert pieces is not None
    kept = [piece for piece in PIECES if not piece.startswith("[")]
    assert pieces.surfaces == [piece.replace("##", "") for piece in kept]
    assert pieces.initial.tolist() == [not piece.startswith("##") for piece in kept]
    assert pieces.vectors.shape == (len(kept), WIDTH)
    assert pieces.lowercase
    assert pieces.strip_accents
    weight = (
        bert.get_pipe("transformer").model.transformer.get_input_embeddings().weight
    )
    row = weight[PIECES.index("paris")].detach().numpy()
    found = pieces.vectors[kept.index("paris")]
    np.testing.assert_array_equal(found, row.astype(np.float16))


def test_hash_is_of_the_weights(cnn, tmp_path):
    before = CompactNERTeacher(cnn, "ner").hash
    list(cnn.pipe(["Words quite unheard of , Zyzzyva ."]))
    assert CompactNERTeacher(cnn, "ner").hash == before
    changed = make_cnn_teacher()
    assert CompactNERTeacher(changed, "ner").hash == before
    linear = changed.get_pipe("ner").model.get_ref("output_layer")
    linear.set_param("b", linear.get_param("b") + 1)
    assert CompactNERTeacher(changed, "ner").hash != before
    cnn.to_disk(tmp_path / "a")
    cnn.to_disk(tmp_path / "b")
    hashes = [
        CompactNERTeacher(spacy.load(tmp_path / name), "ner").hash for name in "ab"
    ]
    assert hashes[0] == hashes[1]


def test_crf_teacher_gives_log_posteriors():
    nlp = make_cnn_teacher(output="crf")
    (row,) = logits_of(CompactNERTeacher(nlp, "ner"), [nlp.make_doc("Anna lives here")])
    np.testing.assert_allclose(np.exp(row).sum(axis=1), 1, atol=1e-5)


def test_component_missing_or_of_another_kind(cnn):
    with pytest.raises(DistillError, match="'parser'.*got ner"):
        CompactNERTeacher(cnn, "parser")
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(DistillError, match="compact_ner, got a Sentencizer"):
        CompactNERTeacher(nlp, "sentencizer")


def test_untrained():
    nlp = spacy.blank("en")
    nlp.add_pipe("compact_ner", name="ner")
    with pytest.raises(DistillError, match="no labels"):
        CompactNERTeacher(nlp, "ner")


def test_listener_without_upstream_component(tmp_path):
    nlp = make_bert_teacher(tmp_path)
    nlp.disable_pipe("transformer")
    with pytest.raises(DistillError, match="listens to it"):
        CompactNERTeacher(nlp, "ner")


def test_tokens_must_not_change(tmp_path):
    @Language.component("test_merge_all")
    def merge_all(doc):
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[:])
        return doc

    nlp = make_cnn_teacher()
    nlp.add_pipe("test_merge_all", first=True)
    with pytest.raises(DistillError, match="'test_merge_all' merges or"):
        logits_of(CompactNERTeacher(nlp, "ner"), [nlp.make_doc("Anna lives here")])
