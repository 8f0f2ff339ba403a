import json

import pytest
from rule_teacher import make_rule_teacher
from small import SENTENCES, TEXTS, entities, gold_of, trained, write_gold
from stock_pipelines import make_spancat
from tiny_classifiers import TEXTS as SAILING
from tiny_classifiers import make_bert

from spacy_distill.errors import DistillError
from spacy_distill.evaluation.measure import measure
from spacy_distill.evaluation.predictors import (
    find_sized,
    find_spans_key,
    load_predictor,
)
from spacy_distill.evaluation.references import gold_references
from spacy_distill.evaluation.size import count_parameters, folder_bytes
from spacy_distill.teachers.ensemble import EnsembleTeacher
from spacy_distill.teachers.pipe import find_teacher


def write_annotations(path):
    lines = [
        {
            "text": text,
            "spans": [{"start": s, "end": e, "label": x} for s, e, x in spans],
        }
        for text, spans in SENTENCES
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    return path


def test_a_pipeline_that_sets_entities_is_itself(tmp_path):
    for make in (trained, make_rule_teacher):
        make().to_disk(tmp_path / make.__name__)
        nlp = load_predictor(tmp_path / make.__name__)
        assert find_teacher(nlp) is None
        assert nlp.pipe_names == make().pipe_names
        assert find_sized(nlp) is nlp


def test_a_pipeline_with_entities_elsewhere_is_a_teacher(tmp_path):
    make_spancat().to_disk(tmp_path / "spancat")
    nlp = load_predictor(tmp_path / "spancat")
    assert nlp.pipe_names == ["teacher"]
    assert ("Mira Holt", "PER") in entities(nlp("Mira Holt walked to Upper Linden ."))
    sized = find_sized(nlp)
    assert sized.pipe_names == ["spancat"]
    assert count_parameters(sized).trained > 0
    assert folder_bytes(sized.path) > 0


def test_a_file_of_annotations(tmp_path):
    path = write_annotations(tmp_path / "annotations.jsonl")
    nlp = load_predictor(str(path))
    assert [entities(doc) for doc in nlp.pipe(TEXTS)] == list(map(gold_of, range(4)))
    assert find_spans_key(nlp) == "ner"
    gold = gold_references(write_gold(tmp_path / "gold.spacy", nlp))
    row = measure(nlp, gold, name="file").row
    assert (row.f1, row.parameters, row.table, row.size) == (1.0, None, 0, None)
    assert row.components == ["teacher"]
    # Not certain, as nobody is.
    assert 0.9 < max(b.probability for b in row.calibration) < 1.0


def test_a_teacher_of_a_config(tmp_path):
    for name in ("one", "two"):
        trained().to_disk(tmp_path / name)
    members = json.dumps([str(tmp_path / name) for name in ("one", "two")])
    block = f'@misc = "spacy_distill.EnsembleTeacher.v1"\npaths = {members}\n'
    config = tmp_path / "teacher.cfg"
    config.write_text(f"[teacher]\n{block}", encoding="utf-8")
    nlp = load_predictor(str(config))
    assert [entities(doc) for doc in nlp.pipe(TEXTS)] == list(map(gold_of, range(4)))
    assert isinstance(find_teacher(nlp), EnsembleTeacher)
    # The members' sizes do not make up its own.
    assert find_sized(nlp) is None


def test_a_token_classifier_of_hugging_face(tmp_path):
    make_bert(tmp_path / "bert")
    nlp = load_predictor(tmp_path / "bert")
    assert entities(nlp(SAILING[0])) == [("anna lowe", "PER"), ("porto", "LOC")]
    assert find_sized(nlp) is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("none", "Expected a pipeline, installed or in a folder, at 'none'"),
        ("none.cfg", "Expected a file none.cfg"),
        ("none.jsonl", "Expected a file none.jsonl"),
    ],
)
def test_nothing_there(source, message):
    with pytest.raises(DistillError, match=message):
        load_predictor(source)
