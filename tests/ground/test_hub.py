import json
import os
import subprocess
import sys

import pytest
from tiny_classifiers import TEXTS, make_bert

from spacy_distill.errors import DistillError
from spacy_distill.hub import hash_model, locate


def test_a_folder(tmp_path):
    with pytest.raises(DistillError, match=r"with a config\.json in .*, got none"):
        locate(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    found = locate(str(tmp_path))
    assert (found.folder, found.revision) == (tmp_path, None)
    with pytest.raises(DistillError, match=r"with a gliner_config\.json"):
        locate(str(tmp_path), config="gliner_config.json")


def test_a_folder_of_checkpoints(tmp_path):
    for name in ("checkpoint-500", "checkpoint-1000"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    with pytest.raises(DistillError, match="such as .*checkpoint-1000") as info:
        locate(str(tmp_path))
    assert locate(str(info.value).partition("such as ")[2].rstrip("."))
    (tmp_path / "config.json").write_text("{}")
    assert locate(str(tmp_path)).folder == tmp_path


def test_a_folder_of_an_adapter(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(DistillError, match="got none: it is an adapter, so merge it"):
        locate(str(tmp_path))


def test_a_hub_name_without_a_network():
    with pytest.raises(DistillError, match="huggingface-cli download some/model") as e:
        locate("some/model")
    assert "give the folder" in str(e.value)
    assert "\n" not in str(e.value)


def test_a_path_with_nothing_there(tmp_path):
    with pytest.raises(DistillError, match="got nothing there"):
        locate(str(tmp_path / "none"))


@pytest.mark.slow
def test_a_hub_name_in_the_cache(tmp_path):
    """Laid out as the hub's client does, and used without asking the hub."""
    repository = tmp_path / "hub" / "models--some--model"
    make_bert(repository / "snapshots" / "abc123")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc123")
    code = (
        "import json, sys\n"
        "from spacy_distill.teachers.load import load_teacher\n"
        "teacher = load_teacher(sys.argv[1])\n"
        "docs = [teacher.nlp.make_doc(sys.argv[2])]\n"
        "print(json.dumps([teacher.name, teacher.hash,\n"
        "    teacher.predict(docs)[0].logits.argmax(axis=1).tolist()]))"
    )

    def run(name):
        result = subprocess.run(
            [sys.executable, "-c", code, name, TEXTS[0]],
            env={**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(result.stdout.splitlines()[-1])

    name, hash_, path = run("some/model")
    assert name == "some/model"
    # The same files in a folder are the same teacher.
    folder = tmp_path / "plain"
    (repository / "snapshots" / "abc123").rename(folder)
    assert run(str(folder)) == ["plain", hash_, path]


def test_hash_is_of_the_files_that_matter(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"1")
    (tmp_path / "tokenizer.json").write_text("{}")
    before = hash_model(tmp_path)
    (tmp_path / "README.md").write_text("3")
    (tmp_path / "optimizer.pt").write_bytes(b"3")
    (tmp_path / "tokenizer-2").mkdir()
    assert hash_model(tmp_path) == before
    seen = {before, hash_model(tmp_path, config="gliner_config.json")}
    for name in ("config.json", "model.safetensors", "vocab.txt", "spiece.model"):
        (tmp_path / name).write_bytes(b"4")
        seen.add(hash_model(tmp_path))
    (tmp_path / "vocab.txt").rename(tmp_path / "vocab.json")
    seen.add(hash_model(tmp_path))
    assert len(seen) == 7
