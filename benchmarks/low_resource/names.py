"""What tables and figures call the grid's systems and choices."""

NAMES = {
    "teacher": "teacher",
    "gold": "gold only",
    "pseudo": "pseudo labels only",
    "logits": "logits only",
    "distilled": "distilled (both)",
    "second": "second round",
    "second_teacher": "second teacher",
    "stock": "stock spaCy ner",
    "qrnn": "QRNN",
    "bilstm": "BiLSTM",
    "dilated_cnn": "dilated CNN",
    "softmax": "softmax",
    "crf": "CRF",
}
