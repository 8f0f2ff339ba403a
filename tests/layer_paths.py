"""A context layer's two paths, called as the encoder calls them."""

import numpy as np
import torch

from spacy_distill.students.layers.base import add_tokens


def project(layer, params, features):
    """The tables of an encoder to which every token is a word of its own."""
    tables = layer.project(params, features)
    return [np.concatenate([table, np.zeros_like(table[:1])]) for table in tables]


def predict(layer, params, features, lengths):
    tables = project(layer, params, features)
    entries = np.arange(len(features))
    return layer.predict(layer.prepare(params), tables, entries, lengths)


def predict_split(layer, params, features, lengths, n_types):
    """As `predict`, with the columns from `n_types` on as features of tokens."""
    tables = project(layer, params, features[:, :n_types])
    entries = np.arange(len(features))
    tables = add_tokens(layer, params, tables, entries, features[:, n_types:])
    return layer.predict(layer.prepare(params), tables, entries, lengths)


def run_torch(layer, params, features, lengths, dropout=0.0):
    tensors = {name: torch.tensor(array) for name, array in params.items()}
    return layer.train(tensors, torch.tensor(features), lengths, dropout)
