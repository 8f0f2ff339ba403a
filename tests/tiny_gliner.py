"""GLiNER models, small enough to be trained in a test."""

import json
from pathlib import Path

from tiny_classifiers import SENTENCES, make_bert

# Label in SENTENCES of each prompt.
PROMPTS = {"person": "PER", "place": "LOC"}
# Maximum input length in words and in word pieces. The prompts have 16 pieces.
WORDS = 12
PIECES = 60
_ENCODER = (
    *("model_type", "vocab_size", "hidden_size", "num_hidden_layers"),
    *("num_attention_heads", "intermediate_size", "max_position_embeddings"),
)


def make_gliner(folder: Path, *, span_mode: str = "markerV0", steps: int = 120) -> Path:
    """Train a GLiNER model with a two-layer BERT encoder on SENTENCES.

    Args:
        folder: Folder to save the model to.
        span_mode: Architecture, "markerV0" or "token_level".
        steps: Number of training steps.

    Returns:
        Folder of the model.
    """
    import torch
    from gliner import GLiNER, GLiNERConfig

    encoder = make_bert(folder / "encoder", steps=0, length=PIECES)
    values = json.loads((encoder / "config.json").read_text(encoding="utf-8"))
    torch.manual_seed(0)
    model = GLiNER.from_config(
        GLiNERConfig(
            model_name=str(encoder),
            encoder_config={name: values[name] for name in _ENCODER},
            hidden_size=32,
            max_width=4,
            max_len=WORDS,
            span_mode=span_mode,
            num_rnn_layers=0,
            dropout=0.0,
        )
    )
    collate = model.data_collator_class(
        model.config, data_processor=model.data_processor, prepare_labels=True
    )
    names = {label: prompt for prompt, label in PROMPTS.items()}
    batch = collate(
        [
            {
                "tokenized_text": text.split(),
                "ner": [(start, end - 1, names[x]) for start, end, x in entities],
                "ner_labels": list(PROMPTS),
            }
            for text, entities in SENTENCES
        ]
    )
    optimizer = torch.optim.Adam(model.model.parameters(), lr=5e-3)
    model.train()
    for _ in range(steps):
        model.model(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder / "gliner")
    return folder / "gliner"
