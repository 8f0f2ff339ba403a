"""Classifiers of other libraries, trained on gold documents alone.

Where a library is missing, its row is left out: `pip install fasttext-numpy2-wheel` for
fastText.
"""

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple

import spacy

from textcat.corpora import Corpus

Predict = Callable[[List[str]], List[Dict[str, float]]]


class Baseline(NamedTuple):
    """A classifier of another library.

    Attributes:
        fit: Fits it on the gold documents of a corpus.
        package: Name of the package that it needs.
    """

    fit: Callable[[Corpus], Predict]
    package: str

    @property
    def is_installed(self) -> bool:
        """Whether it can be run."""
        return find_spec(self.package) is not None


def fit_tfidf(corpus: Corpus) -> Predict:
    """Fit TF-IDF of n-grams, words 1 to 2 and characters 2 to 4, and a linear model."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True),
    )
    model = make_pipeline(features, LogisticRegression(C=10.0, max_iter=1000))
    texts, labels = zip(*corpus.train)
    model.fit(texts, labels)

    def predict(texts: List[str]) -> List[Dict[str, float]]:
        return [dict(zip(model.classes_, row)) for row in model.predict_proba(texts)]

    return predict


def fit_fasttext(corpus: Corpus) -> Predict:
    """Train fastText, on the words of spaCy's tokenizer in lower case.

    Of 18 settings tried on SST-2 and the English tweets (seed 0), these were best on
    both development sets. N-grams of characters were no gain. Where that rate diverges,
    as on the Chinese reviews, the next lower one counts.
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
        model = None
        for rate in (0.25, 0.1, 0.05):
            try:
                model = fasttext.train_supervised(
                    str(path),
                    epoch=25,
                    lr=rate,
                    dim=50,
                    wordNgrams=2,
                    bucket=200_000,
                    thread=1,
                    verbose=0,
                )
                break
            except RuntimeError as error:
                if "NaN" not in str(error):
                    raise
        if model is None:
            raise RuntimeError("fastText diverges at all of its learning rates")

    def predict(texts: List[str]) -> List[Dict[str, float]]:
        out = []
        for text in texts:
            found = dict(zip(*model.predict(line(text), k=-1)))
            out.append({c: float(found.get(name, 0.0)) for c, name in names.items()})
        return out

    return predict


BASELINES = {
    "TF-IDF + LR, gold": Baseline(fit_tfidf, "sklearn"),
    "fastText, gold": Baseline(fit_fasttext, "fasttext"),
}
