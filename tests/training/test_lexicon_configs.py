"""The shipped configs with a lexicon: a Chinese teacher, and a student of it."""

import pytest
import spacy
from documented import PAGES, read_blocks
from lexicon_data import NAMES, f1, write_bert, write_lexicon_data
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from thinc.api import Config
from tiny_transformer_students import SHAPE, shim_of

from spacy_distill.errors import DistillError
from spacy_distill.students.lexicon.matching import Lexicon
from spacy_distill.students.transformer.reading import PieceReader
from spacy_distill.training.checks import check_config
from spacy_distill.training.config import CONFIGS, read_config
from spacy_distill.training.distill import distill
from spacy_distill.training.teacher import train_teacher

TEACHER = CONFIGS / "teacher_zh_lexicon.cfg"
STUDENT = CONFIGS / "transformer_lexicon.cfg"
LEXICON = {
    TEACHER: "initialize.before_init",
    STUDENT: "initialize.before_init.callbacks.lexicon",
}
SMALL = {
    "training.max_steps": 80,
    "training.eval_frequency": 80,
    "training.optimizer.learn_rate.initial_rate": 0.01,
    "training.optimizer.learn_rate.warmup_steps": 5,
}
SIZES = {f"components.ner.model.tok2vec.{name}": n for name, n in SHAPE.items()}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lexicon")
    write_lexicon_data(folder)
    write_bert(folder / "bert")
    return folder


def settings(data, config, **more):
    """Settings of a lexicon as of segmenters, with vectors for all of its words."""
    block = LEXICON[config]
    paths = {"train": "train.spacy", "dev": "train.spacy", "lexicon": "words.txt"}
    return {
        **SMALL,
        **{f"paths.{name}": str(data / path) for name, path in paths.items()},
        f"{block}.columns": True,
        f"{block}.prune_words": False,
        f"{block}.width": 8,
        **more,
    }


def write_config(config, data, output):
    """A copy with pretrained vectors, which is another source."""
    found = load_config(config)
    block = found
    for name in LEXICON[config].split("."):
        block = block[name]
    block["source"] = {
        "@misc": "spacy_distill.SpacyVectors.v1",
        "name": str(data / "vectors"),
    }
    found.to_disk(output)
    return output


@pytest.fixture(scope="module")
def teacher(data):
    """A teacher that has learned what words are names."""
    output = data / "teacher"
    config = write_config(TEACHER, data, data / "teacher.cfg")
    train_teacher(
        config,
        output,
        transformer=str(data / "bert"),
        overrides=settings(data, TEACHER),
        progress=False,
    )
    return output / "model-best"


@pytest.mark.slow
def test_names_that_only_the_lexicon_shows(data, teacher, tmp_path):
    """The characters of those in the test data were seen, but in other places."""
    nlp = spacy.load(teacher)
    assert f1(nlp, data / "train.spacy") > 0.9
    assert f1(nlp, data / "test.spacy") > 0.9
    given = {"nlp.lang": "zh", "paths.transformer": str(data / "bert"), **SIZES}
    distill(
        teacher,
        data / "texts.jsonl",
        output=tmp_path / "student",
        config=write_config(STUDENT, data, tmp_path / "student.cfg"),
        overrides=settings(data, STUDENT, **given, **{"training.batcher.size": 8}),
        progress=False,
    )
    student = spacy.load(tmp_path / "student" / "model-best")
    assert f1(student, data / "test.spacy") > 0.9
    shim = shim_of(student)
    assert shim.cfg["lexicon"]["words"] == NAMES
    assert shim._model is None
    # Without its words it would not know them.
    shim._reader = PieceReader(
        shim.tokenizer_json,
        max_length=shim.cfg["max_position_embeddings"],
        is_case_aware=False,
        lexicon=Lexicon(["\u4e2d\u4e2d"]),
        max_words=5,
    )
    assert f1(student, data / "test.spacy") < 0.5


@pytest.mark.slow
def test_the_configs_as_they_are_shipped(data, tmp_path):
    """Vectors are those of the transformer's word pieces, and words those of texts."""
    few = {"training.max_steps": 2, "training.eval_frequency": 1}
    train_teacher(
        TEACHER,
        tmp_path / "teacher",
        transformer=str(data / "bert"),
        overrides={
            **settings(data, TEACHER, **few),
            "initialize.before_init.prune_words": True,
        },
        progress=False,
    )
    nlp = spacy.load(tmp_path / "teacher" / "model-best")
    config = nlp.get_pipe("transformer").model.transformer.config
    assert 0 < len(config.lexicon["words"]) < len(NAMES)
    student = distill(
        tmp_path / "teacher" / "model-best",
        data / "texts.jsonl",
        config=STUDENT,
        overrides={
            **settings(data, STUDENT, **few, **SIZES),
            "nlp.lang": "zh",
            # The teacher's encoder, without its words.
            "paths.transformer": str(tmp_path / "teacher" / "model-best"),
            "initialize.before_init.callbacks.lexicon.prune_words": True,
        },
        progress=False,
    )
    assert shim_of(student).cfg["lexicon"]["words"] == config.lexicon["words"]


def test_the_example_of_the_documentation(data):
    """The blocks of the page in a student's config."""
    page = next(page for page in PAGES if page.stem == "transformer")
    (block,) = [block for block in read_blocks(page) if block.language == "ini"]
    text = block.text.replace("zh_core_web_md", str(data / "vectors"))
    config = load_config(CONFIGS / "transformer_student.cfg")
    blocks = Config().from_str(f"[initialize]\n{text}", interpolate=False)
    config["initialize"]["before_init"] = blocks["initialize"]["before_init"]
    config["paths"].update(
        transformer=str(data / "bert"),
        lexicon=str(data / "names.txt"),
        train=str(data / "train.spacy"),
        dev=str(data / "train.spacy"),
    )
    config["nlp"]["lang"] = "zh"
    config["components"]["ner"]["model"]["tok2vec"].update(SHAPE)
    (data / "names.txt").write_text("\n".join(NAMES), encoding="utf-8")
    nlp = init_nlp(config)
    settings = shim_of(nlp).cfg["lexicon"]
    assert set(settings["words"]) < set(NAMES)
    assert (settings["width"], settings["max_words"]) == (100, 5)


def flat(config, prefix=""):
    found = {}
    for key, value in config.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{prefix}{key}."))
        else:
            found[f"{prefix}{key}"] = value
    return found


@pytest.mark.parametrize(
    ("name", "usual", "sections"),
    [
        (
            "teacher_zh_lexicon",
            "teacher_zh",
            ("components.transformer.model.@architectures", "initialize.before_init."),
        ),
        ("transformer_lexicon", "transformer_student", ("initialize.before_init.",)),
    ],
)
def test_a_config_differs_in_what_it_names(name, usual, sections):
    configs = [flat(load_config(CONFIGS / f"{one}.cfg")) for one in (name, usual)]
    own, other = configs
    differing = {key for key in own | other if own.get(key) != other.get(key)}
    assert all(key.startswith((*sections, "paths.lexicon")) for key in differing)
    # The encoder of the student starts as it does without a lexicon.
    for key in other:
        if name == "transformer_lexicon" and key.startswith(sections):
            moved = key.replace("before_init.", "before_init.callbacks.transformer.")
            assert own[moved] == other[key]


@pytest.mark.parametrize("config", [TEACHER, STUDENT])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "Expected a file with the words of a lexicon, got none: set path"),
        ("nothing.txt", "Expected a lexicon at .*nothing.txt, got no file there"),
    ],
)
def test_a_missing_lexicon_is_told_before_work_starts(data, config, path, message):
    given = {
        **settings(data, config),
        "paths.transformer": str(data / "bert"),
        "paths.lexicon": path and str(data / path),
        **(SIZES if config == STUDENT else {}),
    }
    with pytest.raises(DistillError, match=message):
        check_config(read_config(config, given, interpolate=False), config)
