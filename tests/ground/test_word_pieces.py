import numpy as np
import pytest
import srsly
from hash_teacher import make_pieces

from spacy_distill.errors import DistillError
from spacy_distill.words import WordPieces


def test_round_trip(tmp_path):
    pieces = make_pieces()
    pieces.to_file(tmp_path / "p")
    found = WordPieces.from_file(tmp_path / "p")
    assert found.surfaces == pieces.surfaces
    assert found.initial.dtype == bool
    assert found.vectors.dtype == np.float16
    np.testing.assert_array_equal(found.initial, pieces.initial)
    np.testing.assert_array_equal(found.vectors, pieces.vectors)
    assert (found.lowercase, found.strip_accents) == (True, False)
    assert found.to_bytes() == pieces.to_bytes()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("initial", np.array([True]), "initial"),
        ("initial", np.zeros(3, dtype="f"), "initial"),
        ("vectors", np.zeros((2, 2), dtype=np.float16), "vectors"),
        ("vectors", np.zeros((3, 2), dtype=np.float32), r"float32 \[3, 2\]"),
        ("vectors", np.zeros(3, dtype=np.float16), "vectors"),
    ],
)
def test_shapes_are_checked(name, value, told):
    fields = {**vars(make_pieces()), name: value}
    with pytest.raises(DistillError, match=told):
        WordPieces(**fields)


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", srsly.msgpack_dumps([1]), srsly.msgpack_dumps({"surfaces": []})],
)
def test_other_files_are_refused(tmp_path, data):
    (tmp_path / "p").write_bytes(data)
    with pytest.raises(DistillError, match=r"/p: .*msgpack"):
        WordPieces.from_file(tmp_path / "p")


def test_missing_file(tmp_path):
    with pytest.raises(DistillError, match="No such file"):
        WordPieces.from_file(tmp_path / "p")
