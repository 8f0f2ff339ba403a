import pytest
from tiny_transformer_students import make_student, train, write_source


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
