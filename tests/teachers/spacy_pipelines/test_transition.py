"""Test that the logits of a `ner` decode to its entities."""

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from stock_pipelines import (
    LABELS,
    MARKED,
    NER,
    TEXTS,
    WORDS,
    block,
    decoded,
    make_ner,
    preset,
    trained_ner,
    triples,
    unmark,
)
from taught import logits_of
from tiny_teachers import make_cnn_teacher

from spacy_distill.docs import bare_doc
from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.spacy_pipelines.pipelines import transition_teacher_v1
from spacy_distill.teachers.spacy_pipelines.transition import TransitionTeacher

ALL = [*TEXTS, *(unmark(text)[0] for text in MARKED)]


@Language.component("test_block_old")
def block_old(doc: Doc) -> Doc:
    return block(doc, ["Old", "Tarn"])


@Language.component("test_preset_of", assigns=["doc.ents"])
def preset_of(doc: Doc) -> Doc:
    # An entity across whitespace and sentences, with a new label.
    return preset(doc, "of", "ROAD")


def with_upstream(kind):
    """Create a pipeline with rules, sentences and blocked tokens before the `ner`."""
    nlp = trained_ner(kind)
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns(
        [
            {"label": "MILL", "pattern": "old mill"},
            {"label": "PER", "pattern": [{"LOWER": "van"}, {"IS_SPACE": True}]},
            {"label": "LOC", "pattern": [{"TEXT": "Man"}, {}, {}]},
        ]
    )
    nlp.add_pipe("sentencizer", first=True, config={"punct_chars": [".", ","]})
    nlp.add_pipe("test_preset_of", before="ner")
    nlp.add_pipe("test_block_old", before="ner")
    return nlp


def check(teacher, nlp, texts):
    """Check that logits decode to the pipeline's entities for every text."""
    docs = [nlp.make_doc(text) for text in texts]
    n_entities = 0
    for text, row in zip(texts, logits_of(teacher, docs)):
        expected = triples(nlp(text).ents)
        assert row.dtype == np.float32
        assert decoded(row.astype(np.float16), teacher.task.columns) == expected
        n_entities += len(expected)
    return n_entities


@pytest.mark.parametrize("all_paths", [True, False])
@pytest.mark.parametrize("kind", sorted(NER))
def test_entities_match_the_pipeline(kind, all_paths):
    nlp = trained_ner(kind)
    teacher = TransitionTeacher(nlp, "ner", all_paths=all_paths)
    assert teacher.task.columns == biluo_tags(LABELS)
    assert check(teacher, nlp, ALL) > 10


@pytest.mark.parametrize("kind", sorted(NER))
def test_preset_entities_are_kept(kind):
    nlp = with_upstream(kind)
    teacher = TransitionTeacher(nlp, "ner")
    assert teacher.task.columns == biluo_tags(["LOC", "MILL", "PER"])
    docs = [nlp.make_doc("the old mill , Old Man Brook and Otto van  Brook")]
    (row,) = logits_of(teacher, docs)
    found = decoded(row.astype(np.float16), teacher.task.columns)
    # The last one ends with whitespace, where the model would not begin an entity.
    assert {(1, 3, "MILL"), (5, 8, "LOC"), (9, 11, "PER")} <= set(found)
    # Preset entities are certain, entities of the model are not.
    assert row[1:3].max(axis=1) == pytest.approx([0.0, 0.0], abs=0.01)


SOME = st.sampled_from([*WORDS, *WORDS, " ", "\n", "mill", "Old", "van", "of"])
_TEACHERS = {}


@pytest.mark.parametrize("kind", ["own", "no_upper", "beam"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_entities_on_any_text(kind, data):
    if kind not in _TEACHERS:
        nlp = with_upstream(kind)
        nlp.remove_pipe("test_preset_of")
        _TEACHERS[kind] = TransitionTeacher(nlp, "ner")
    teacher = _TEACHERS[kind]
    texts = data.draw(st.lists(st.lists(SOME, max_size=12).map(" ".join), max_size=4))
    check(teacher, teacher.nlp, texts)


def test_unknown_labels_are_dropped():
    nlp = with_upstream("own")
    teacher = TransitionTeacher(nlp, "ner")
    texts = ["Port of Tarn , of Linden", "Mira Holt", ""]
    docs = [nlp.make_doc(text) for text in texts]
    predictions = teacher.predict(docs)
    dropped = [prediction.dropped for prediction in predictions]
    expected = [(ent.start, ent.text) for ent in nlp(texts[0]).ents]
    expected = [pair for pair in expected if pair[1].startswith("of ")]
    assert [(span.token, span.text) for span in dropped[0]] == expected
    assert len(expected) == 2
    assert {span.label for span in dropped[0]} == {"ROAD"}
    assert "not one of the teacher's" in dropped[0][0].reason
    assert dropped[1:] == [(), ()]
    # Their tokens are O.
    assert predictions[0].logits[1].argmax() == 0
    assert predictions[0].logits[2].argmax() == 0


def test_logits_do_not_depend_on_the_batch():
    nlp = trained_ner("listener")
    teacher = TransitionTeacher(nlp, "ner")
    together = logits_of(teacher, [nlp.make_doc(text) for text in ALL])
    for text, row in zip(ALL, together):
        (alone,) = logits_of(teacher, [nlp.make_doc(text)])
        np.testing.assert_allclose(alone, row, atol=1e-3)


def test_docs_are_not_modified():
    nlp = trained_ner()
    teacher = TransitionTeacher(nlp, "ner")
    other = spacy.blank("en")
    mine = nlp.make_doc(TEXTS[0])
    # Preset entities would be kept.
    mine.set_ents([mine[3:5]], default="outside")
    mine[2].ent_type_ = "LOC"
    before = mine.to_bytes()
    foreign = bare_doc(mine, other.vocab)
    rows = logits_of(teacher, [mine, foreign])
    np.testing.assert_array_equal(*rows)
    assert mine.to_bytes() == before
    assert not foreign.has_annotation("ENT_IOB")


def test_empty_docs():
    teacher = TransitionTeacher(trained_ner(), "ner")
    nlp = teacher.nlp
    assert teacher.predict([]) == []
    docs = [nlp.make_doc(""), nlp.make_doc(" ")]
    assert [row.shape for row in logits_of(teacher, docs)] == [(0, 9), (1, 9)]
    assert teacher.sizes([nlp.make_doc("Mira Holt")]) == [2]
    assert teacher.word_pieces() is None
    assert teacher.whole_documents


def test_probabilities_are_softer_over_all_paths():
    nlp = trained_ner()
    # The same actions are the best ones, but hardly more probable than the others.
    upper = nlp.get_pipe("ner").model.get_ref("upper")
    for name in ("W", "b"):
        upper.set_param(name, 0.05 * upper.get_param(name))
    docs = [nlp.make_doc(text) for text in ALL]
    inside = np.array([tag[0] in "IL" for tag in biluo_tags(LABELS)])
    doubts = []
    for all_paths in (True, False):
        rows = logits_of(TransitionTeacher(nlp, "ner", all_paths=all_paths), docs)
        logits = np.concatenate(rows)
        best = logits.argmax(axis=1)
        doubts.append(1.0 - np.exp(logits.max(axis=1))[inside[best]].mean())
    assert doubts[0] > 1.5 * doubts[1]


def test_hash(tmp_path):
    nlp = trained_ner()
    base = TransitionTeacher(nlp, "ner").hash
    assert TransitionTeacher(trained_ner(), "ner").hash == base
    assert TransitionTeacher(nlp, "ner", all_paths=False).hash != base
    assert TransitionTeacher(nlp, "ner", density=0.01).hash != base
    # Processing Docs adds the labels in them to the component.
    one, two = (TransitionTeacher(with_upstream("own"), "ner") for _ in range(2))
    logits_of(one, [one.nlp.make_doc("Port of Tarn")])
    assert one.hash == two.hash
    assert one.hash != base
    weights = nlp.get_pipe("ner").model.get_ref("upper")
    weights.set_param("b", weights.get_param("b") + 1)
    assert TransitionTeacher(nlp, "ner").hash != base
    nlp.to_disk(tmp_path / "a")
    nlp.to_disk(tmp_path / "b")
    hashes = {load_teacher(tmp_path / name).hash for name in "ab"}
    assert len(hashes) == 1


def test_by_name(tmp_path):
    nlp = trained_ner("beam")
    nlp.to_disk(tmp_path / "my_ner")
    teacher = transition_teacher_v1(str(tmp_path / "my_ner"))
    assert teacher.name == "my_ner"
    assert isinstance(teacher, TransitionTeacher)
    assert load_teacher(tmp_path / "my_ner").hash == teacher.hash
    other = transition_teacher_v1(
        str(tmp_path / "my_ner"), component="ner", all_paths=False, density=0.5
    )
    assert other.hash != teacher.hash


def test_from_a_config(tmp_path):
    trained_ner().to_disk(tmp_path / "my_ner")
    (tmp_path / "teacher.cfg").write_text(
        '[teacher]\n@misc = "spacy_distill.TransitionTeacher.v1"\n'
        f'name = "{tmp_path / "my_ner"}"\nall_paths = false\n',
        encoding="utf-8",
    )
    plain = load_teacher(tmp_path / "my_ner")
    teacher = load_teacher(tmp_path / "teacher.cfg")
    assert teacher.task.columns == plain.task.columns
    assert teacher.hash != plain.hash


def test_not_a_ner(tmp_path):
    with pytest.raises(DistillError, match="to be a ner, got a CompactNER"):
        TransitionTeacher(make_cnn_teacher(), "ner")
    make_cnn_teacher().to_disk(tmp_path)
    with pytest.raises(DistillError, match=r"\(one of the factories beam_ner, ner\)"):
        transition_teacher_v1(str(tmp_path))
    with pytest.raises(DistillError, match="enabled component 'parser'"):
        TransitionTeacher(trained_ner(), "parser")


def test_no_labels():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Tarn"}])
    nlp.add_pipe("ner")
    # The labels of the ruler are not sufficient, since the `ner` predicts.
    with pytest.raises(DistillError, match="'ner' has no labels: train it"):
        TransitionTeacher(nlp, "ner")


@pytest.mark.parametrize("density", [0.0, 1.0, -1.0, float("nan")])
def test_density_out_of_range(density):
    with pytest.raises(DistillError, match="density between 0 and 1, got"):
        TransitionTeacher(trained_ner(), "ner", density=density)


def test_listener_without_upstream_component():
    nlp = trained_ner("listener")
    nlp.disable_pipe("tok2vec")
    with pytest.raises(DistillError, match="listens to it, got nothing"):
        TransitionTeacher(nlp, "ner")


def test_tokens_must_not_change():
    nlp = make_ner(steps=1)
    nlp.add_pipe("merge_noun_chunks", first=True)
    nlp.add_pipe(
        "token_splitter", first=True, config={"min_length": 3, "split_length": 2}
    )
    with pytest.raises(DistillError, match="'token_splitter' merges or splits"):
        logits_of(TransitionTeacher(nlp, "ner"), [nlp.make_doc("Upper Linden")])
