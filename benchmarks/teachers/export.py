"""Write a fine-tuned `compact_ner` pipeline as a Hugging Face token classifier."""

from pathlib import Path
from typing import Any

import numpy as np
import spacy
import torch
from transformers import AutoModelForTokenClassification


def export_token_classifier(pipeline: Path, folder: Path) -> None:
    """Its transformer and its output layer, with BILUO tags in `id2label`.

    Each word piece gets the same logits. `compact_ner` pools a token's pieces before
    its output layer and `HuggingFaceTeacher` their probabilities, so few tokens differ.
    """
    nlp = spacy.load(pipeline)
    source: Any = nlp.get_pipe("transformer").model  # type: ignore[attr-defined]
    ner: Any = nlp.get_pipe("ner")
    output = ner.model.get_ref("output_layer")
    # The output layer's values are multiplied, so that it learns faster.
    scale = nlp.config["components"]["ner"]["model"]["output_learn_rate"]
    tags = dict(enumerate(ner.tags))
    config = source.transformer.config
    config.id2label = tags
    config.label2id = {tag: i for i, tag in tags.items()}
    model = AutoModelForTokenClassification.from_config(config)
    getattr(model, model.base_model_prefix).load_state_dict(
        source.transformer.state_dict(), strict=False
    )
    with torch.no_grad():
        for name, mine in (("W", "weight"), ("b", "bias")):
            values = np.asarray(output.get_param(name)) * scale
            getattr(model.classifier, mine).copy_(torch.tensor(values))
    model.save_pretrained(folder)
    source.tokenizer.save_pretrained(folder)
