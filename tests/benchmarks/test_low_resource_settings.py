import shutil
from dataclasses import replace

import pytest
from common.guard import settings_hash
from low_resource.grid import ENCODERS, STUDENTS
from low_resource.settings import DEFAULTS, ROOT, batch_size, read_settings

from spacy_distill.errors import DistillError


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults():
    settings = read_settings()
    assert settings.teacher_config == ROOT / "spacy_distill" / "configs" / "teacher.cfg"
    trainings = {"teacher", "student", "gold", "second_teacher", "second"}
    assert settings.steps.keys() == trainings
    assert settings.overrides.keys() == {*trainings, *STUDENTS, "stock"}
    assert settings.encoders.keys() == set(ENCODERS)
    assert settings.overrides["pseudo"] == {"components.ner.loss.alpha": 1.0}


def test_a_file_changes_what_it_names_and_no_more(tmp_path):
    mine = write(
        tmp_path / "mine.cfg",
        """
[student]
[student.steps]
passes = 2.5
[distilled]
[distilled.overrides]
components.ner.loss.temperature = 3.0
components.ner.loss.divergence = "mse"
[encoders]
[encoders.bilstm]
@architectures = "spacy_distill.CharCNNBiLSTM.v1"
depth = 2
""",
    )
    before, after = read_settings(), read_settings(mine)
    assert after.steps["student"] == replace(before.steps["student"], passes=2.5)
    assert after.overrides["distilled"] == {
        **before.overrides["distilled"],
        "components.ner.loss.temperature": 3.0,
        "components.ner.loss.divergence": "mse",
    }
    assert after.encoders["bilstm"]["depth"] == 2
    assert after.encoders["dilated_cnn"] == before.encoders["dilated_cnn"]
    assert after.overrides["gold"] == before.overrides["gold"]
    assert after.describe_teacher() == before.describe_teacher()
    assert settings_hash(after.describe()) != settings_hash(before.describe())


def test_configs_count_by_their_content(tmp_path):
    default = read_settings()
    copy = tmp_path / "another_name.cfg"
    shutil.copy(default.student_config, copy)
    mine = write(tmp_path / "mine.cfg", f'[student]\nconfig = "{copy}"\n')
    assert read_settings(mine).describe() == default.describe()
    copy.write_text(copy.read_text(encoding="utf-8") + "\n# more\n", encoding="utf-8")
    assert read_settings(mine).describe() != default.describe()


def test_a_transformer_s_folder_counts_by_its_content(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    write(folder / "config.json", "{}")
    mine = write(tmp_path / "mine.cfg", f'[teacher]\ntransformer = "{folder}"\n')
    before = read_settings(mine).describe_teacher()
    assert str(folder) not in str(before)
    write(folder / "config.json", "{ }")
    assert read_settings(mine).describe_teacher() != before


def test_what_all_of_a_kind_have_comes_first(tmp_path):
    mine = write(
        tmp_path / "mine.cfg",
        """
[student]
[student.overrides]
training.dropout = 0.1
components.ner.loss.alpha = 0.2
[second_teacher]
[second_teacher.overrides]
training.dropout = 0.3
""",
    )
    settings = read_settings(mine)
    assert settings.overrides_of("second") == {
        "training.dropout": 0.1,
        "components.ner.loss.alpha": 1.0,
    }
    assert settings.overrides_of("second_teacher") == {
        **settings.overrides["teacher"],
        "training.dropout": 0.3,
    }
    assert settings.overrides_of("teacher") == settings.overrides["teacher"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[pupil]\n", "'pupil'"),
        ("[student]\ndepth = 1\n", "'depth'"),
        ("[student]\nsteps = 1\n", "'steps'"),
        ("[student]\nconfig = 1\n", "'config'"),
        ('[student]\nconfig = "no.cfg"\n', "no.cfg"),
        ("[gold]\n[gold.steps]\nat_least = 0\n", "[gold.steps]"),
        ("[gold]\n[gold.steps]\nat_least = 1.5\n", "[gold.steps]"),
        ('[gold]\n[gold.steps]\npasses = "all"\n', "[gold.steps]"),
        ("[gold]\n[gold.steps]\npasses = -1\n", "0 passes"),
        ("[gold]\n[gold.steps]\nat_most = 9\n", "at_most"),
        ("[gold]\n[gold.steps]\nat_most = 1e4\n", "at_most"),
        ("[gold]\n[gold.steps]\nepochs = 1\n", "'epochs'"),
        ("[encoders]\n[encoders.lstm]\nwidth = 1\n", "'lstm'"),
        ("[student]\n[student.overrides]\ntraining.max_steps = 9\n", "max_steps"),
        ("[student]\n[student.overrides]\npaths.train = 9\n", "paths.train"),
        ("[teacher]\n[teacher.overrides]\nsystem.seed = 9\n", "system.seed"),
        ("[stock]\n[stock.overrides]\nnlp.lang = 9\n", "nlp.lang"),
        ("[stock]\n[stock.overrides]\nsteps = 9\n", "'steps'"),
        ("no section", "no section"),
    ],
)
def test_bad_files_of_settings(tmp_path, text, told):
    with pytest.raises(DistillError) as caught:
        read_settings(write(tmp_path / "bad.cfg", text))
    message = str(caught.value)
    assert told in message
    assert "bad.cfg" in message
    assert "\n" not in message


def test_a_missing_file_of_settings(tmp_path):
    with pytest.raises(DistillError, match=r"none\.cfg"):
        read_settings(tmp_path / "none.cfg")


def test_what_the_grid_leaves_open(tmp_path):
    text = """
[teacher]
[teacher.overrides]
components.ner.model.output = "crf"
[stock]
[stock.overrides]
training.max_steps = 9
"""
    settings = read_settings(write(tmp_path / "mine.cfg", text))
    assert settings.overrides["stock"] == {"training.max_steps": 9}
    assert settings.overrides["teacher"]["components.ner.model.output"] == "crf"


def test_batch_size(tmp_path):
    config = read_settings().student_config
    assert batch_size(config, {}) == 64
    assert batch_size(config, {"training.batcher.size": 7}) == 7
    with pytest.raises(DistillError, match="whole number"):
        batch_size(config, {"training.batcher.size": "many"})
    with pytest.raises(DistillError, match=r"\[training.batcher\]"):
        batch_size(DEFAULTS, {})
    with pytest.raises(DistillError, match="student"):
        batch_size(config, {"no.such.setting": 1})
