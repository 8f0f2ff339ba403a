"""What tables and figures call the systems."""

NAMES = {
    "bert_base": "BERT-base",
    "bert_large": "BERT-large",
    "teacher": "teacher",
    "teacher_onnx_int8": "teacher, ONNX int8",
    "stock_cnn": "stock spaCy CNN `ner`",
    "tokenizer": "tokenizer alone",
}


def shown(system: str) -> str:
    """The name of a system for people; that of a student is its own."""
    return NAMES.get(system, system)
