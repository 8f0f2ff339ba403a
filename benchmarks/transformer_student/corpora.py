"""The corpora of the benchmark, as `.spacy` files and unlabelled text."""

from pathlib import Path
from typing import Dict, NamedTuple, Optional

from common.corpus import write_corpus


class CorpusSpec(NamedTuple):
    """A corpus and how its teacher and students are trained.

    Attributes:
        folder: Its folder in the data.
        files: Its training, development and test file.
        lang: Language.
        labels: Labels of its entities.
        n_labelled: Training sentences that keep their labels; None for all. The
            teacher then annotates the training sentences.
        layers: Layers of its teacher.
        teacher_steps: Steps of its teacher, of 16 sentences.
        steps: Steps of transformer students, of 32 sentences.
    """

    folder: str
    files: tuple[str, str, str]
    lang: str
    labels: str
    n_labelled: Optional[int]
    layers: int
    teacher_steps: int
    steps: int


_CONLL = ("eng.train", "eng.testa", "eng.testb")
_CONLL_LABELS = "PER,ORG,LOC,MISC"
_RESUME = ("train.char.bmes", "dev.char.bmes", "test.char.bmes")
_RESUME_LABELS = "CONT,EDU,LOC,NAME,ORG,PRO,RACE,TITLE"
CORPORA: Dict[str, CorpusSpec] = {
    "conll_750": CorpusSpec(
        *("conll2003", _CONLL, "en", _CONLL_LABELS),
        **{"n_labelled": 750, "layers": 6, "teacher_steps": 900, "steps": 1500},
    ),
    "conll_all": CorpusSpec(
        *("conll2003", _CONLL, "en", _CONLL_LABELS),
        **{"n_labelled": None, "layers": 6, "teacher_steps": 2400, "steps": 3000},
    ),
    "resume_zh_500": CorpusSpec(
        *("resume_zh", _RESUME, "zh", _RESUME_LABELS),
        **{"n_labelled": 500, "layers": 12, "teacher_steps": 600, "steps": 1200},
    ),
    "resume_zh": CorpusSpec(
        *("resume_zh", _RESUME, "zh", _RESUME_LABELS),
        **{"n_labelled": None, "layers": 12, "teacher_steps": 1000, "steps": 1200},
    ),
    "weibo_zh": CorpusSpec(
        "weibo_zh",
        tuple(f"weiboNER_2nd_conll.{part}" for part in ("train", "dev", "test")),
        "zh",
        ",".join(
            f"{label}.{kind}"
            for label in ("PER", "ORG", "LOC", "GPE")
            for kind in ("NAM", "NOM")
        ),
        **{"n_labelled": None, "layers": 12, "teacher_steps": 1000, "steps": 600},
    ),
}


def write_set(name: str, data: Path, folder: Path, seed: int) -> None:
    """Write the files of a corpus; see `write_corpus`.

    Args:
        name: A name in `CORPORA`.
        data: Folder of all corpora.
        folder: Folder to write to.
        seed: Seed of the draw of labelled sentences.
    """
    spec = CORPORA[name]
    write_corpus(
        folder,
        [data / spec.folder / file for file in spec.files],
        lang=spec.lang,
        labels=spec.labels,
        n_labels=spec.n_labelled,
        seed=seed,
    )
