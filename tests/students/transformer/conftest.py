import pytest
from tiny_transformer_students import (
    give_lexicon,
    make_student,
    train,
    write_source,
)


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """A random BERT of four layers with an uncased WordPiece tokenizer."""
    return write_source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def trained(source):
    """A student that knows the sentences by heart. Do not change it."""
    nlp = make_student(source)
    train(nlp, 40)
    return nlp


@pytest.fixture(scope="session")
def saved(trained, tmp_path_factory):
    """Folder of `trained`."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    trained.to_disk(folder)
    return folder


@pytest.fixture(scope="session")
def with_lexicon(source):
    """A student with a lexicon that knows the sentences by heart. Do not change it."""
    nlp = give_lexicon(make_student(source))
    train(nlp, 40)
    return nlp


@pytest.fixture(scope="session")
def saved_with_lexicon(with_lexicon, tmp_path_factory):
    """Folder of `with_lexicon`."""
    folder = tmp_path_factory.mktemp("with_lexicon") / "model"
    with_lexicon.to_disk(folder)
    return folder
