import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import (
    ByteLevelBPETokenizer,
    Tokenizer,
    models,
    normalizers,
    pre_tokenizers,
)
from transformers import BertTokenizerFast, PreTrainedTokenizerFast

from spacy_distill.teachers.hugging_face.alignment import Unit, Word, align, model_words

NLP = spacy.blank("en")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
# Several kinds of whitespace, combining accents, invisible joiners, control
# characters, ligatures, emoji with a skin color, and scripts without spaces.
ODD = "aZ9é.,-'’…()$ \t\n\u00a0\u200b\u200d\u0301\u0327\u0080ﬁß½😀👍🏽東京กขا"
texts = st.text(alphabet=st.sampled_from(ODD), max_size=30) | st.text(max_size=20)


def bert(tmp_path_factory):
    path = tmp_path_factory.mktemp("bert") / "vocab.txt"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *".,-'()$"]
    pieces += [*LETTERS, *(f"##{c}" for c in LETTERS), "don", "zeb"]
    path.write_text("\n".join(pieces), encoding="utf-8")
    return BertTokenizerFast(str(path))


def byte_level(tmp_path_factory):
    bpe = ByteLevelBPETokenizer()
    lines = ["don't stop", "new york", "zebra zebra"] * 3
    bpe.train_from_iterator(lines, vocab_size=290, show_progress=False)
    return PreTrainedTokenizerFast(tokenizer_object=bpe._tokenizer)


def sentence_piece(tmp_path_factory):
    """Create a tokenizer like XLM-RoBERTa's, which joins punctuation to words."""
    scores = [("<unk>", 0.0), ("▁", -3.0), ("▁zeb", -2.0), ("ra", -2.0), ("東京", -2.0)]
    scores += [(c, -4.0) for c in [*LETTERS, *".,-'’()$", "東", "京", "é"]]
    backend = Tokenizer(models.Unigram(scores, unk_id=0, byte_fallback=False))
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>")


MAKERS = {f.__name__: f for f in (bert, byte_level, sentence_piece)}


@pytest.fixture(scope="module", params=list(MAKERS))
def tokenizer(request, tmp_path_factory):
    return MAKERS[request.param](tmp_path_factory)


def cut(tokenizer, text):
    encoding = tokenizer(text, add_special_tokens=False).encodings[0]
    return encoding.offsets, encoding.word_ids


def places_of(doc):
    return [None if t.is_space else (t.idx, t.idx + len(t)) for t in doc]


@settings(max_examples=150, deadline=None)
@given(text=texts)
def test_pieces_words_and_units(tokenizer, text):
    offsets, word_ids = cut(tokenizer, text)
    words = model_words(text, offsets, word_ids)
    for before, word in zip(words, words[1:]):
        assert before.start < word.start
        assert before.end <= word.start
    for word in words:
        assert text[word.start : word.end].strip() == text[word.start : word.end] != ""
    placed = [i for word in words for i in word.pieces]
    assert len(placed) == len(set(placed))
    # Only whitespace is in no word.
    for i in set(range(len(offsets))) - set(placed):
        assert not text[slice(*offsets[i])].strip()
    doc = NLP.make_doc(text)
    places = places_of(doc)
    units = align(places, words)
    assert sorted(i for unit in units for i in unit.pieces) == sorted(placed)
    in_unit = [i for unit in units for i in unit.tokens]
    assert in_unit == sorted(set(in_unit))
    # A token is in a unit if and only if a word overlaps it.
    touched = [
        i
        for i, place in enumerate(places)
        if place and any(w.start < place[1] and place[0] < w.end for w in words)
    ]
    assert in_unit == touched
    for unit in units:
        first = words[[w.pieces[0] for w in words].index(unit.pieces[0])]
        start, end = places[unit.tokens[0]]
        assert start <= first.start < end


def words_of(tokenizer, text):
    words = model_words(text, *cut(tokenizer, text))
    return [text[word.start : word.end] for word in words]


def units_of(tokenizer, text, doc=None):
    """Return the texts of the units' tokens."""
    doc = doc or NLP.make_doc(text)
    units = align(places_of(doc), model_words(text, *cut(tokenizer, text)))
    return [tuple(doc[i].text for i in unit.tokens) for unit in units]


def test_words(tokenizer):
    assert words_of(tokenizer, "") == []
    assert words_of(tokenizer, " \n ") == []
    # Words with several pieces, and several kinds of whitespace.
    assert words_of(tokenizer, "  zebra \n\ncannot ") == ["zebra", "cannot"]
    # SentencePiece joins the full stop to the word.
    assert words_of(tokenizer, "zebra, zebra.") == ["zebra", ",", "zebra", "."]
    assert words_of(tokenizer, "zebra-km") == ["zebra", "-", "km"]
    # A combining accent.
    assert words_of(tokenizer, "e\u0301tat") == ["e\u0301tat"]


def test_scripts_without_spaces_have_no_words(tmp_path_factory):
    assert words_of(sentence_piece(tmp_path_factory), "東京京") == ["東京", "京"]


def test_units(tokenizer):
    assert units_of(tokenizer, "zebra zebra.") == [("zebra",), ("zebra",), (".",)]
    # One word of the model, two tokens of spaCy.
    assert units_of(tokenizer, "cannot zeb") == [("can", "not"), ("zeb",)]
    # Two words of the model, one token of spaCy.
    doc = spacy.tokens.Doc(NLP.vocab, words=["zebra-zebra", "."], spaces=[False, False])
    assert units_of(tokenizer, doc.text, doc) == [("zebra-zebra",), (".",)]


def test_words_that_cross_tokens(tmp_path_factory):
    """spaCy splits `do` + `n't`, byte-level BPE `don` + `'t`."""
    tokenizer = byte_level(tmp_path_factory)
    assert words_of(tokenizer, "I don't") == ["I", "don", "'t"]
    assert units_of(tokenizer, "I don't") == [("I",), ("do",), ("n't",)]
    # No word begins in the second token.
    doc = spacy.tokens.Doc(NLP.vocab, words=["do", "n", "'t"], spaces=[False] * 3)
    assert units_of(tokenizer, "don't", doc) == [("do", "n"), ("'t",)]


def test_unaligned_tokens_are_in_no_unit(tmp_path_factory):
    tokenizer = bert(tmp_path_factory)
    doc = spacy.tokens.Doc(NLP.vocab, words=["zeb", "\u0080", "zeb"])
    assert units_of(tokenizer, doc.text, doc) == [("zeb",), ("zeb",)]


def test_a_lone_marker_opens_its_word(tmp_path_factory):
    """Models are trained on the first piece of a word, here the marker."""
    text = "zebra qu"
    offsets, word_ids = cut(sentence_piece(tmp_path_factory), text)
    first, second = model_words(text, offsets, word_ids)
    assert (first.pieces, second.pieces) == ((0, 1), (2, 3, 4))
    assert second[:2] == (6, 8)


def test_align_examples():
    assert align([], []) == []
    assert align([(0, 3)], []) == []
    words = [Word(0, 2, (0,)), Word(2, 7, (1, 2)), Word(8, 9, (3,))]
    places = [(0, 3), (3, 5), None, (5, 7), (8, 9)]
    assert align(places, words) == [Unit((0, 1, 3), (0, 1, 2)), Unit((4,), (3,))]
