"""Classifiers of other libraries, trained on gold documents alone.

    pip install --no-deps fasttext-numpy2-wheel model2vec==0.6.0

Where a library is missing, its rows are left out.
"""

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

import spacy

from textcat.corpora import Corpus

Predict = Callable[[List[str]], List[Dict[str, float]]]


class Baseline(NamedTuple):
    """A classifier of another library.

    Attributes:
        fit: Fits it on a corpus, given the transformer that the teacher starts from
            and a folder to keep files in.
        package: Name of the package that it needs.
    """

    fit: Callable[[Corpus, str, Path], Predict]
    package: str

    @property
    def is_installed(self) -> bool:
        """Whether it can be run."""
        return find_spec(self.package) is not None


def fit_tfidf(corpus: Corpus, transformer: str, folder: Path) -> Predict:
    """Fit TF-IDF of n-grams, words 1 to 2 and characters 2 to 4, and a linear model."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True),
    )
    model = make_pipeline(features, LogisticRegression(C=10.0, max_iter=1000))
    return _predict_with(model.fit(*_columns(corpus)))


def fit_fasttext(corpus: Corpus, transformer: str, folder: Path) -> Predict:
    """Train fastText, on the words of spaCy's tokenizer in lower case.

    Of the settings tried on the development sets of SST-2 and the English tweets, those
    that were best on both.
    """
    import fasttext

    nlp = spacy.blank(corpus.lang)

    def line(text: str) -> str:
        return " ".join(t.lower_ for t in nlp.make_doc(text) if not t.is_space)

    names = {label: f"__label__{i}" for i, label in enumerate(corpus.labels)}
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "train.txt"
        lines = [f"{names[label]} {line(text)}\n" for text, label in corpus.train]
        path.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(path),
            epoch=25,
            lr=0.5,
            dim=50,
            wordNgrams=2,
            minn=2,
            maxn=4,
            bucket=200_000,
            thread=1,
            verbose=0,
        )

    def predict(texts: List[str]) -> List[Dict[str, float]]:
        out = []
        for text in texts:
            found = dict(zip(*model.predict(line(text), k=-1)))
            out.append({c: float(found.get(name, 0.0)) for c, name in names.items()})
        return out

    return predict


def fit_model2vec(corpus: Corpus, transformer: str, folder: Path) -> Predict:
    """Fit a linear model on static embeddings that model2vec makes of the transformer.

    They are made once, in `folder`.
    """
    from model2vec import StaticModel
    from sklearn.linear_model import LogisticRegression

    path = folder / f"model2vec-{Path(transformer).name}"
    if not path.exists():
        _make_static(transformer, path)
    static = StaticModel.from_pretrained(path)
    texts, labels = _columns(corpus)
    model = LogisticRegression(max_iter=2000).fit(static.encode(texts), labels)
    return _predict_with(model, static.encode)


def _make_static(transformer: str, path: Path) -> None:
    from model2vec.distill import distill_from_model
    from transformers import AutoModel

    from spacy_distill.hub import locate
    from spacy_distill.tokenizer_files import from_pretrained_args, load_tokenizer

    located = locate(transformer)
    tokenizer = load_tokenizer(located, source=transformer)
    # Padding to the model's length would become part of every text.
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    encoder = AutoModel.from_pretrained(**from_pretrained_args(located))
    distill_from_model(encoder, tokenizer, pca_dims=256).save_pretrained(path)


def _columns(corpus: Corpus) -> Any:
    texts, labels = zip(*corpus.train)
    return list(texts), list(labels)


def _predict_with(model: Any, encode: Callable[[List[str]], Any] = list) -> Predict:
    def predict(texts: List[str]) -> List[Dict[str, float]]:
        rows = model.predict_proba(encode(texts))
        return [dict(zip(model.classes_, row)) for row in rows]

    return predict


BASELINES = {
    "TF-IDF + LR, gold": Baseline(fit_tfidf, "sklearn"),
    "fastText, gold": Baseline(fit_fasttext, "fasttext"),
    "model2vec + LR, gold": Baseline(fit_model2vec, "model2vec"),
}
