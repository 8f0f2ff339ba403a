"""Paths and addresses as paths."""

import os
from pathlib import Path, PurePosixPath

import pytest

from spacy_distill.addresses import as_path, is_address, is_path, is_remote
from spacy_distill.errors import DistillError


class Place:
    """A path of another library."""

    def __fspath__(self):
        return os.path.join("some", "where")


@pytest.mark.parametrize(
    "path", ["some/where", Path("some/where"), PurePosixPath("some/where"), Place()]
)
def test_paths_of_this_machine(path):
    assert is_path(path)
    assert as_path(path) == Path("some/where")
    assert not is_remote(as_path(path))


@pytest.mark.parametrize("source", [["a text"], 3, None, iter(())])
def test_what_is_no_path(source):
    assert not is_path(source)


def test_an_address_has_the_methods_of_a_path():
    upath = pytest.importorskip("upath")
    path = as_path("memory://folder/file.txt")
    assert is_remote(path)
    assert str(path.with_name("other.txt")) == "memory://folder/other.txt"
    given = upath.UPath("memory://folder/file.txt")
    assert is_path(given)
    assert as_path(given) is given


def test_addresses_are_told_by_their_scheme():
    assert is_address("s3://bucket/file")
    assert not is_address("C:\\texts")
    assert not is_address(Path("s3://bucket/file"))


def test_an_unknown_scheme():
    pytest.importorskip("upath")
    with pytest.raises(DistillError, match="an address that fsspec knows"):
        as_path("nowhere://bucket/file")
