"""A context layer's two paths, called as the encoder calls them."""

import numpy as np
import torch


def project(layer, params, features):
    """The tables of an encoder to which every token is a word of its own."""
    tables = layer.project(params, features)
    return [np.concatenate([table, np.zeros_like(table[:1])]) for table in tables]


def predict(layer, params, features, lengths):
    tables = project(layer, params, features)
    return layer.predict(params, tables, np.arange(len(features)), lengths)


def run_torch(layer, params, features, lengths, dropout=0.0):
    tensors = {name: torch.tensor(array) for name, array in params.items()}
    return layer.train(tensors, torch.tensor(features), lengths, dropout)
