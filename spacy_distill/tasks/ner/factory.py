"""The factory `compact_ner`: what a config may say of it, and the defaults."""

from typing import Callable, List, Optional

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Config, Model
from thinc.types import Floats2d

from ...losses.base import Loss
from .component import CompactNER

_DEFAULT_CONFIG = """
[model]
@architectures = "spacy_distill.TokenClassifier.v1"
output = "softmax"
output_learn_rate = 1.0
nO = null

[model.tok2vec]
@architectures = "spacy_distill.CharCNNQRNN.v1"

[loss]
@misc = "spacy_distill.DistillationLoss.v1"

[scorer]
@scorers = "spacy_distill.compact_ner_scorer.v1"
"""


@Language.factory(
    "compact_ner",
    assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type"],
    default_config={
        **Config().from_str(_DEFAULT_CONFIG),
        "spans_key": "ner",
        "storage": "float32",
    },
    default_score_weights={
        "ents_f": 1.0,
        "ents_p": 0.0,
        "ents_r": 0.0,
        "ents_per_type": None,
        "ents_ece": None,
    },
)
def make_compact_ner(
    nlp: Language,
    name: str,
    model: Model[List[Doc], List[Floats2d]],
    loss: Loss,
    spans_key: Optional[str],
    scorer: Optional[Callable],
    storage: str,
) -> CompactNER:
    """Make a `compact_ner`.

    model: logits [n_tokens, n_tags] per Doc; see `TokenClassifier.v1`.
    loss: what training compares with; see `DistillationLoss.v1`.
    spans_key: where entities go with their probabilities: `doc.spans[spans_key]`,
        `.attrs["scores"]`; null for none.
    scorer: the scoring method.
    storage: how parameters are written: `float32`, `float16` or `int8`. Training and
        prediction compute in float32 whatever it is.
    """
    return CompactNER(
        nlp.vocab,
        model,
        name,
        loss=loss,
        spans_key=spans_key,
        scorer=scorer,
        storage=storage,
    )
