import pickle

import pytest
from small_classifiers import make_classifier
from texts_with_categories import make_data, make_examples
from thinc.api import Adam, fix_random_seed
from tiny_transformer_students import write_source

from spacy_distill.errors import DistillError
from spacy_distill.students.encoder import get_encoders
from spacy_distill.training.vector_teacher import vector_teacher_v1

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return str(write_source(tmp_path_factory.mktemp("source")))


def make(source, **settings):
    nlp = make_classifier("qrnn")
    fix_random_seed(0)
    examples = make_examples(nlp, make_data(40))
    nlp.initialize(lambda: examples)
    return vector_teacher_v1(source, **settings)(nlp), examples


def teacher_of(nlp):
    (encoder,) = get_encoders(nlp.get_pipe("textcat").model)
    return encoder._func.vector_teacher


def test_the_student_learns_both_targets(source):
    nlp, examples = make(source)
    optimizer = Adam(0.01)
    first = nlp.update(examples, sgd=optimizer)["textcat"]
    before = teacher_of(nlp).loss
    for _ in range(80):
        last = nlp.update(examples, sgd=optimizer)["textcat"]
    assert teacher_of(nlp).loss < 0.5 * before
    assert last < 0.5 * first


def test_a_copy_has_no_teacher(source):
    nlp, examples = make(source)
    nlp.update(examples[:8], sgd=Adam(0.01))
    copied = pickle.loads(pickle.dumps(nlp))
    assert teacher_of(copied) is None
    texts = [eg.reference.text for eg in examples[:4]]
    for one, other in zip(nlp.pipe(texts), copied.pipe(texts)):
        assert one.cats == pytest.approx(other.cats, abs=1e-6)


def test_no_source_changes_nothing():
    nlp, _ = make(None)
    assert teacher_of(nlp) is None


def test_settings_that_do_not_fit(source, tmp_path):
    with pytest.raises(DistillError, match="Expected a finite weight above 0, got 0"):
        vector_teacher_v1(source, weight=0.0)
    with pytest.raises(DistillError, match="Expected a component 'tagger'"):
        make(source, component="tagger")
    with pytest.raises(DistillError, match="set source = null"):
        vector_teacher_v1(source)(make_classifier("ngrams"))
    with pytest.raises(DistillError, match="nothing there"):
        make(str(tmp_path / "none"))
