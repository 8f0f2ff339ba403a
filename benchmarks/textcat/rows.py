"""The rows of the table: what each trains on, and how."""

from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional

import spacy
from common.cells import file_name
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import use_ops

from spacy_distill import load_teacher
from spacy_distill.training.config import CONFIGS, read_config
from spacy_distill.training.presets import TRANSFORMER, preset_settings
from textcat.corpora import Corpus

# Steps on gold documents alone, and on soft labels; more of them for more texts.
GOLD_STEPS, SOFT_STEPS, AUGMENTED_STEPS = 300, 1500, 3000
# Of transformers, which need fewer, of 32 documents.
TRANSFORMER_STEPS, TRANSFORMER_AUGMENTED_STEPS = 700, 1400
_TOK2VEC = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 64,
        "rows": [2000, 2000, 500, 1000, 500],
        "attrs": ["NORM", "LOWER", "PREFIX", "SUFFIX", "SHAPE"],
        "include_static_vectors": False,
    },
    "encode": {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": 64,
        "window_size": 1,
        "maxout_pieces": 3,
        "depth": 2,
    },
}
_BOW = {
    "@architectures": "spacy.TextCatBOW.v3",
    "exclusive_classes": True,
    "ngram_size": 2,
    "no_output_layer": False,
    "length": 262144,
}
# spaCy's own models.
SPACY_MODELS: Dict[str, Dict[str, Any]] = {
    "bow": _BOW,
    "cnn": {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": True,
        "use_reduce_first": False,
        "use_reduce_last": False,
        "use_reduce_max": False,
        "use_reduce_mean": True,
        "tok2vec": _TOK2VEC,
    },
    "ensemble": {
        "@architectures": "spacy.TextCatEnsemble.v2",
        "tok2vec": _TOK2VEC,
        "linear_model": _BOW,
    },
}


class Row(NamedTuple):
    """A row that trains a pipeline.

    Attributes:
        config: Name of the shipped config.
        texts: Soft labels to learn from: "" for none, "plain", or those of an
            augmentation.
        settings: Settings of the config by dotted name.
        model: Name of one of spaCy's models; None for the config's own.
        vectors: Whether it learns document vectors of the pretrained transformer, too.
        word_vectors: Whether it has word vectors beside the pieces of the teacher.
    """

    config: str
    texts: str = ""
    settings: Dict[str, Any] = {}
    model: Optional[str] = None
    vectors: bool = False
    word_vectors: bool = False

    @property
    def is_transformer(self) -> bool:
        """Whether the student is a transformer."""
        return self.config == "textcat_transformer"


# Kinds of augmentation alone, for some sets.
KINDS_APART = ("mask", "replace", "ngrams", "sentences")
_HARD = {"components.textcat.loss.alpha": 1.0}
ROWS: Dict[str, Row] = {
    **{
        f"spaCy {model}, gold": Row("textcat_spacy", model=model)
        for model in SPACY_MODELS
    },
    "n-grams, gold": Row("textcat_ngrams"),
    "QRNN, gold": Row("textcat_student"),
    "spaCy bow, soft": Row("textcat_spacy", "plain", model="bow"),
    "n-grams, hard": Row("textcat_ngrams", "plain", _HARD),
    "n-grams, soft": Row("textcat_ngrams", "plain"),
    **{
        f"n-grams, soft, {kind}": Row("textcat_ngrams", kind)
        for kind in (*KINDS_APART, "all")
    },
    "QRNN, hard": Row("textcat_student", "plain", _HARD),
    "QRNN, soft": Row("textcat_student", "plain"),
    "QRNN, soft, all": Row("textcat_student", "all"),
    "QRNN, soft, vectors": Row("textcat_student", "plain", vectors=True),
    "QRNN, soft, all, vectors": Row("textcat_student", "all", vectors=True),
    "QRNN, soft, GloVe": Row("textcat_student", "plain", word_vectors=True),
    "QRNN, soft, all, GloVe": Row("textcat_student", "all", word_vectors=True),
    "transformer, soft": Row("textcat_transformer", "plain"),
    "transformer, soft, all": Row("textcat_transformer", "all"),
}


def train_row(
    name: str,
    corpus: Corpus,
    folder: Path,
    seed: int,
    *,
    transformer: str,
    word_vectors: Optional[Path],
    bfloat16: bool,
) -> Language:
    """Train the pipeline of a row.

    Args:
        name: The row.
        corpus: The corpus.
        folder: Folder with its files, its teacher, and soft labels in `soft_NAME`.
        seed: Seed.
        transformer: The pretrained transformer, for vectors.
        word_vectors: A file of word vectors, for rows with them.
        bfloat16: Whether transformers multiply matrices in bfloat16.

    Returns:
        The best pipeline by the development set.
    """
    row = ROWS[name]
    steps = GOLD_STEPS
    if row.texts:
        steps = SOFT_STEPS if row.texts == "plain" else AUGMENTED_STEPS
    if row.is_transformer:
        steps = TRANSFORMER_STEPS
        if row.texts != "plain":
            steps = TRANSFORMER_AUGMENTED_STEPS
    soft = folder / f"soft_{row.texts}" if row.texts else None
    pieces = folder / "soft_plain"
    settings = {
        "paths.train": str(folder / "train.spacy"),
        "paths.dev": str(folder / "dev.spacy"),
        "paths.soft_labels": str(soft or pieces),
        "nlp.lang": corpus.lang,
        "system.seed": seed,
        "training.max_steps": steps,
        "training.eval_frequency": steps // 10,
        **row.settings,
    }
    if row.vectors:
        settings["paths.encoder"] = transformer
    if row.is_transformer:
        source = folder / "teacher" / "model-best"
        settings.update(preset_settings(TRANSFORMER, load_teacher(source), source, {}))
        settings["initialize.after_init.bfloat16"] = bfloat16
        # The teacher of other languages reads a hundred of them.
        settings["initialize.before_init.prune_vocabulary"] = corpus.lang != "en"
    if row.word_vectors:
        settings["components.textcat.model.tok2vec.word_width"] = 150
    config = read_config(CONFIGS / f"{row.config}.cfg", settings, interpolate=False)
    if soft is None:
        config["corpora"]["train"]["soft_labels"] = None
    if row.word_vectors:
        config["initialize"]["before_init"]["source"] = {
            "@misc": "spacy_distill.StaticVectors.v1",
            "path": str(word_vectors),
            "known_words": 100_000,
            "vector_width": 50,
            "pieces": {
                "@misc": "spacy_distill.TeacherWords.v1",
                "soft_labels": str(soft or pieces),
            },
        }
    if row.model is not None:
        config["components"]["textcat"]["model"] = SPACY_MODELS[row.model]
    config["training"]["logger"] = {
        "@loggers": "spacy.ConsoleLogger.v3",
        "progress_bar": None,
    }
    out = folder / "pipelines" / file_name(name)
    out.mkdir(parents=True, exist_ok=True)
    with use_ops("numpy"):
        nlp = init_nlp(config)
        train(nlp, out)
    return spacy.load(out / "model-best")
