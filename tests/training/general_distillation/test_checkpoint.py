import pytest

from spacy_distill.errors import DistillError

torch = pytest.importorskip("torch")

from spacy_distill.training.general_distillation.checkpoint import (  # noqa: E402
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
    torch.manual_seed(99)
    state = load_checkpoint(tmp_path, run="a")
    assert state["step"] == 7
    assert torch.equal(state["weights"], torch.ones(2))
    assert torch.equal(torch.rand(4), expected)


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
