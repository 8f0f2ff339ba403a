import errno
import hashlib
import os
import re
from pathlib import Path

import pytest

from spacy_distill.errors import DistillError
from spacy_distill.files import (
    check_writable,
    sha256_bytes,
    sha256_file,
    sha256_folder,
    write_atomically,
)


def test_checksums_of_bytes_and_files(tmp_path):
    data = b"abc" * 1_000_000
    (tmp_path / "f").write_bytes(data)
    expected = hashlib.sha256(data).hexdigest()
    assert sha256_bytes(data) == sha256_file(tmp_path / "f") == expected


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DistillError, match="nothing_here"):
        sha256_file(tmp_path / "nothing_here")


def make_tree(root: Path, files) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_folder_checksum_is_of_names_and_contents(tmp_path):
    files = {"a/x": b"1", "b": b"2", "a.c": b""}
    first = sha256_folder(make_tree(tmp_path / "first", files))
    elsewhere = make_tree(tmp_path / "second", dict(reversed(files.items())))
    assert sha256_folder(elsewhere) == first
    for changed in (
        {**files, "b": b"3"},
        {"a/y": b"1", "b": b"2", "a.c": b""},
        {"a/x": b"12", "b": b"", "a.c": b""},
        {**files, "d": b""},
    ):
        other = make_tree(tmp_path / str(len(list(tmp_path.iterdir()))), changed)
        assert sha256_folder(other) != first


def test_folder_checksum_wants_a_folder(tmp_path):
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(DistillError, match="folder"):
        sha256_folder(tmp_path / "f")


def test_write_makes_folders_and_replaces(tmp_path):
    path = tmp_path / "deep" / "down" / "f"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch, where):
    path = tmp_path / "f"
    write_atomically(path, b"old")

    def fail(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, where, fail)
    with pytest.raises(DistillError, match="No space left on device") as info:
        write_atomically(path, b"new" * 1000)
    assert str(path) in str(info.value)
    assert "\n" not in str(info.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_disk_full_in_the_middle_of_the_bytes(tmp_path, monkeypatch):
    path = tmp_path / "f"
    really_open = Path.open

    class HalfFull:
        def __init__(self, file_):
            self.file = file_

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, data):
            self.file.write(data[: len(data) // 2])
            self.file.flush()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "open", lambda *args: HalfFull(really_open(*args)))
    with pytest.raises(DistillError, match="No space left"):
        write_atomically(path, b"0123456789")
    assert list(tmp_path.iterdir()) == []


def test_interrupt_passes_through_and_cleans_up(tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "f", b"data")
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_a_file(tmp_path):
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(DistillError, match="f/g"):
        write_atomically(tmp_path / "f" / "g", b"data")


@pytest.fixture
def no_permission(tmp_path):
    """A folder that nobody may write to, not even root, who becomes someone else."""
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o055)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield folder
    if is_root:
        os.seteuid(0)


def test_writable_folders(tmp_path):
    for name in (".", "new", "new/deeper/down"):
        check_writable(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [".", "new", "new/deeper"])
def test_folders_without_permission(no_permission, name):
    with pytest.raises(DistillError, match="Permission denied. Choose another"):
        check_writable(no_permission / name)


@pytest.mark.parametrize(
    ("name", "file"), [("f", "f"), ("f/new", "f"), ("link", "link")]
)
def test_files_are_no_folders(tmp_path, name, file):
    (tmp_path / "f").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    message = f"got {tmp_path / name}, but {tmp_path / file} is a file: choose another"
    with pytest.raises(DistillError, match=re.escape(message)):
        check_writable(tmp_path / name)
