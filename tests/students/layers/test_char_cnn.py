import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.students.layers.char_cnn import N_POSITIONS, CharCNN, char_columns

ALPHABET = {char: i for i, char in enumerate("abcdé-")}
words = st.text("abcdé-xyz", max_size=20)


def make():
    np.random.seed(0)
    layer = CharCNN(width=4, n_filters=6)
    params = layer.init(len(ALPHABET))
    params["char_conv_b"] = np.random.normal(size=6).astype(np.float32)
    # What training would leave in the row of the padding must not count.
    params["char_vectors"][0] = 7.0
    return layer, params


def reference(params, word):
    """torch's own convolution over one word and the white space around it."""
    columns = char_columns(word, ALPHABET)
    vectors = params["char_vectors"].copy()
    vectors[0] = 0.0
    x = torch.tensor(vectors[columns]).T
    weight = torch.tensor(params["char_conv_W"]).reshape(3, 4, 6).permute(2, 1, 0)
    out = F.conv1d(x[None], weight, torch.tensor(params["char_conv_b"]), padding=1)
    return torch.relu(out[0]).amax(dim=1).numpy()


@settings(deadline=None, max_examples=50)
@given(st.lists(words, min_size=1, max_size=5))
def test_both_paths_are_torch_s_convolution(some_words):
    layer, params = make()
    chars = np.array([char_columns(word, ALPHABET) for word in some_words])
    expected = np.stack([reference(params, word) for word in some_words])
    predicted = layer.predict(params, chars)
    tensors = {name: torch.tensor(array) for name, array in params.items()}
    trained = layer.train(tensors, torch.tensor(chars)).numpy()
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, expected, atol=1e-5)
    np.testing.assert_allclose(trained, expected, atol=1e-5)


@given(words)
def test_columns_of_a_word(word):
    columns = char_columns(word, ALPHABET)
    assert len(columns) == N_POSITIONS
    kept = word if len(word) <= N_POSITIONS else word[:8] + word[-8:]
    assert columns[len(kept) :] == [0] * (N_POSITIONS - len(kept))
    for char, column in zip(kept, columns):
        assert column == (ALPHABET[char] + 2 if char in ALPHABET else 1)


def test_no_characters_known():
    assert set(char_columns("abc", {})) == {0, 1}
    assert CharCNN(width=4, n_filters=6).init(0)["char_vectors"].shape == (2, 4)
