import random

import numpy as np
import pytest

from spacy_distill.errors import DistillError

torch = pytest.importorskip("torch")

from spacy_distill.training.checkpoint import (  # noqa: E402
    FILE_NAME,
    load_checkpoint,
    remove_checkpoint,
    save_checkpoint,
)


def test_random_numbers_go_on(tmp_path):
    torch.manual_seed(3)
    torch.rand(5)
    save_checkpoint(tmp_path, {"weights": torch.ones(2), "step": 7}, run="a")
    expected = torch.rand(4)
    expected_by_numpy, expected_by_python = np.random.rand(), random.random()
    torch.manual_seed(99)
    np.random.seed(99)
    random.seed(99)
    checkpoint = load_checkpoint(tmp_path, run="a")
    assert checkpoint.state["step"] == 7
    assert torch.equal(checkpoint.state["weights"], torch.ones(2))
    checkpoint.restore_random()
    assert torch.equal(torch.rand(4), expected)
    assert np.random.rand() == expected_by_numpy
    assert random.random() == expected_by_python


def test_no_checkpoint(tmp_path):
    assert load_checkpoint(tmp_path, run="a") is None
    save_checkpoint(tmp_path, {}, run="a")
    remove_checkpoint(tmp_path)
    assert load_checkpoint(tmp_path, run="a") is None


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    save_checkpoint(tmp_path, {"step": 1}, run="a")
    with pytest.raises(DistillError, match="checkpoint of the same run"):
        load_checkpoint(tmp_path, run="b")


def test_a_broken_checkpoint_is_named(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"not a checkpoint")
    with pytest.raises(DistillError, match=f"{FILE_NAME}.*cannot be read"):
        load_checkpoint(tmp_path, run="a")
