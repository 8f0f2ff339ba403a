import numpy as np
import pytest
from tiny_teachers import PIECES, WIDTH, make_bert_teacher
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
)
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from spacy_distill.errors import DistillError
from spacy_distill.tokenizer_pieces import tokenizer_pieces, transformer_pieces


def make(model, *, normalizer=None, pre_tokenizer=None, decoder=None, **special):
    backend = Tokenizer(model)
    if normalizer is not None:
        backend.normalizer = normalizer
    if pre_tokenizer is not None:
        backend.pre_tokenizer = pre_tokenizer
    if decoder is not None:
        backend.decoder = decoder
    return PreTrainedTokenizerFast(tokenizer_object=backend, **special)


def rows(n):
    """An embedding table whose row i is all i."""
    return np.repeat(np.arange(n, dtype=np.float32)[:, None], 3, axis=1)


def as_list(pieces):
    """(surface, initial, id) of each piece."""
    ids = pieces.vectors[:, 0].astype(int).tolist()
    return list(zip(pieces.surfaces, pieces.initial.tolist(), ids))


def wordpiece(normalizer=None):
    words = ["[PAD]", "[unused0]", "[UNK]", "an", "##an", "##'", "[", "##[unused1]"]
    vocab = {word: i for i, word in enumerate(words)}
    return make(
        models.WordPiece(vocab, unk_token="[UNK]"),
        normalizer=normalizer,
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        unk_token="[UNK]",
        pad_token="[PAD]",
    )


def test_wordpiece():
    pieces = tokenizer_pieces(wordpiece(), rows(8))
    assert pieces is not None
    assert as_list(pieces) == [
        ("an", True, 3),
        ("an", False, 4),
        ("'", False, 5),
        ("[", True, 6),
        ("[unused1]", False, 7),
    ]
    assert pieces.vectors.dtype == np.float16
    assert (pieces.lowercase, pieces.strip_accents) == (False, False)


def test_pieces_beyond_the_table_are_left_out():
    pieces = tokenizer_pieces(wordpiece(), rows(5))
    assert pieces is not None
    assert [id_ for _, _, id_ in as_list(pieces)] == [3, 4]


@pytest.mark.parametrize(
    ("normalizer", "expected"),
    [
        (normalizers.BertNormalizer(lowercase=True), (True, True)),
        (normalizers.BertNormalizer(lowercase=False), (False, False)),
        (
            normalizers.BertNormalizer(lowercase=True, strip_accents=False),
            (True, False),
        ),
        (
            normalizers.BertNormalizer(lowercase=False, strip_accents=True),
            (False, True),
        ),
        (normalizers.Lowercase(), (True, False)),
        (
            normalizers.Sequence(
                [
                    normalizers.NFKD(),
                    normalizers.StripAccents(),
                    normalizers.Lowercase(),
                ]
            ),
            (True, True),
        ),
        (normalizers.NFC(), (False, False)),
    ],
)
def test_normalization(normalizer, expected):
    pieces = tokenizer_pieces(wordpiece(normalizer), rows(8))
    assert pieces is not None
    assert (pieces.lowercase, pieces.strip_accents) == expected


def byte_level(text):
    """How byte-level BPE writes a text."""
    pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizer.pre_tokenize_str(text)[0][0]


def test_byte_level_bpe():
    texts = ["an", " an", " ", "  ", "\n", "ö", " Łódź", "日", "\u00ad", " a b"]
    half_a_character = byte_level("日")[:2]
    words = ["<s>", *(byte_level(text) for text in texts), half_a_character]
    tokenizer = make(
        models.BPE({word: i for i, word in enumerate(words)}, []),
        pre_tokenizer=pre_tokenizers.ByteLevel(),
        decoder=decoders.ByteLevel(),
        bos_token="<s>",
    )
    pieces = tokenizer_pieces(tokenizer, rows(len(words)))
    assert pieces is not None
    assert as_list(pieces) == [
        ("an", False, 1),
        ("an", True, 2),
        ("ö", False, 6),
        ("Łódź", True, 7),
        ("日", False, 8),
        ("\u00ad", False, 9),
        ("a b", True, 10),
    ]


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_sentencepiece(kind):
    words = ["<unk>", "▁an", "an", "▁", "▁▁", "<0x0A>", "▁New▁York", ","]
    if kind == "unigram":
        model = models.Unigram([(word, -float(i)) for i, word in enumerate(words)], 0)
    else:
        vocab = {word: i for i, word in enumerate(words)}
        model = models.BPE(vocab, [], unk_token="<unk>")
    tokenizer = make(
        model,
        pre_tokenizer=pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
        ),
        unk_token="<unk>",
    )
    pieces = tokenizer_pieces(tokenizer, rows(len(words)))
    assert pieces is not None
    assert as_list(pieces) == [
        ("an", True, 1),
        ("an", False, 2),
        ("New York", True, 6),
        (",", False, 7),
    ]


@pytest.mark.parametrize(
    "model",
    [
        models.WordLevel({"a": 0, "b": 1}, "a"),
        models.BPE({"a": 0, "b</w>": 1}, [], end_of_word_suffix="</w>"),
    ],
)
def test_other_schemes_have_no_pieces(model):
    assert tokenizer_pieces(make(model), rows(2)) is None


def test_slow_tokenizer_has_no_pieces():
    assert tokenizer_pieces(object(), rows(2)) is None


def test_pieces_of_a_transformer_by_its_name(tmp_path):
    nlp = make_bert_teacher(tmp_path)
    pieces = transformer_pieces(str(tmp_path))
    assert pieces.lowercase
    assert pieces.surfaces[:2] == ["anna", "lives"]
    bert = nlp.get_pipe("transformer").model.transformer
    table = bert.get_input_embeddings().weight.detach().numpy()
    assert table.shape == (len(PIECES), WIDTH)
    row = table[PIECES.index("paris")].astype(np.float16)
    np.testing.assert_array_equal(pieces.vectors[pieces.surfaces.index("paris")], row)


def test_a_transformer_whose_pieces_cannot_be_read(tmp_path):
    make(models.WordLevel({"a": 0, "[UNK]": 1}, "[UNK]")).save_pretrained(tmp_path)
    sizes = {"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = BertConfig(vocab_size=2, intermediate_size=4, **sizes)
    BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(DistillError, match="of another kind: name another transformer"):
        transformer_pieces(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nobody/nothing", "Could not get 'nobody/nothing' from the Hugging Face hub"),
        ("{}", r"with a config\.json in .*, got none"),
    ],
)
def test_a_transformer_that_cannot_be_loaded(tmp_path, name, told):
    with pytest.raises(DistillError, match=told) as info:
        transformer_pieces(name.format(tmp_path))
    assert "\n" not in str(info.value)
    assert len(str(info.value)) < 500
