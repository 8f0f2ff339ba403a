"""What lies in a folder that a transformer is read from, beside its weights."""

# The tokenizer, as the library `tokenizers` writes it.
TOKENIZER = "tokenizer.json"
# How long a row of word pieces may be, how it is padded, ...
FACTS = "facts.json"
# The graph, where the transformer is one of ONNX.
GRAPH = "model.onnx"
