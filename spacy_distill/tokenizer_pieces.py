"""Extraction of word pieces from Hugging Face fast tokenizers."""

import json
import re
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from .errors import DistillError
from .hub import locate
from .tokenizer_files import from_pretrained_args, load_tokenizer, reason
from .words import WordPieces

_UNUSED = re.compile(r"^[\[<]unused_?\d+[\]>]$")
_RAW_BYTE = re.compile(r"^<0x[0-9A-Fa-f]{2}>$")
_METASPACE = "\u2581"
_BYTE_SPACE = "\u0120"


def transformer_pieces(name: str) -> WordPieces:
    """Return the word pieces of a transformer.

    Args:
        name: Name of the transformer; see `find_transformer`.

    Returns:
        The word pieces with their input embeddings.

    Raises:
        DistillError: If it cannot be loaded or its tokenizer is not supported.
    """
    from transformers import AutoModel

    located = locate(name)
    tokenizer = load_tokenizer(located, source=name)
    try:
        model = AutoModel.from_pretrained(**from_pretrained_args(located))
    except (OSError, ValueError, ImportError) as error:
        raise DistillError(
            f"Expected a transformer that can be loaded as {name!r}, got:"
            f" {reason(error)} Give a folder, an installed package that contains one,"
            " or an available hub name."
        ) from error
    weight = model.get_input_embeddings().weight
    pieces = tokenizer_pieces(tokenizer, weight.detach().float().cpu().numpy())
    if pieces is None:
        raise DistillError(
            f"Expected WordPiece, byte-level BPE or SentencePiece in {name!r}, got a"
            f" {type(tokenizer).__name__} of another kind: name another transformer."
        )
    return pieces


def tokenizer_pieces(tokenizer: Any, embeddings: np.ndarray) -> Optional[WordPieces]:
    """Return a fast tokenizer's pieces with their embeddings.

    WordPiece, byte-level BPE, and BPE or Unigram with SentencePiece's markers are
    supported.

    Args:
        tokenizer: A `transformers.PreTrainedTokenizerFast`.
        embeddings: The model's input embeddings by piece id, float [n_rows, width].

    Returns:
        The word pieces. None for other schemes, which do not mark the beginning of
        words.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return None
    scheme: Dict[str, Any] = json.loads(backend.to_str())
    vocab: Dict[str, int] = tokenizer.get_vocab()
    special = set(tokenizer.all_special_ids)
    special.update(t["id"] for t in scheme.get("added_tokens", ()) if t["special"])
    read = _reader(scheme, vocab)
    if read is None:
        return None
    surfaces: List[str] = []
    initial: List[bool] = []
    ids: List[int] = []
    for piece, id_ in sorted(vocab.items(), key=lambda item: item[1]):
        if id_ in special or id_ >= len(embeddings) or _UNUSED.match(piece):
            continue
        surface, begins_word = read(piece)
        if surface.strip():
            surfaces.append(surface)
            initial.append(begins_word)
            ids.append(id_)
    lowercase, strip_accents = _normalization(scheme.get("normalizer"))
    return WordPieces(
        surfaces=surfaces,
        initial=np.array(initial, dtype=bool),
        vectors=np.asarray(embeddings, dtype=np.float32)[ids].astype(np.float16),
        lowercase=lowercase,
        strip_accents=strip_accents,
    )


def _reader(scheme: Dict[str, Any], vocab: Dict[str, int]) -> Any:
    """Return a function from a piece to (surface, begins a word), or None.

    Pieces without text of their own (a lone marker, part of a character) have the
    surface "".
    """
    model = scheme["model"]
    if model["type"] == "WordPiece":
        prefix = model["continuing_subword_prefix"]

        def read_word_piece(piece: str) -> Tuple[str, bool]:
            if prefix and piece.startswith(prefix):
                return piece[len(prefix) :], False
            return piece, True

        return read_word_piece
    if model["type"] not in ("BPE", "Unigram"):
        return None
    if any(part["type"] == "ByteLevel" for part in _parts(scheme.get("pre_tokenizer"))):
        byte_of = {char: byte for byte, char in _byte_chars().items()}

        def read_byte_level(piece: str) -> Tuple[str, bool]:
            begins_word = piece.startswith(_BYTE_SPACE)
            try:
                raw = bytes(byte_of[char] for char in piece[begins_word:])
                return raw.decode("utf-8"), begins_word
            except (KeyError, UnicodeDecodeError):
                return "", begins_word

        return read_byte_level
    if any(piece.startswith(_METASPACE) for piece in vocab):

        def read_sentence_piece(piece: str) -> Tuple[str, bool]:
            if _RAW_BYTE.match(piece):
                return "", False
            return piece.replace(_METASPACE, " ").strip(), piece.startswith(_METASPACE)

        return read_sentence_piece
    return None


def _normalization(normalizer: Optional[Dict[str, Any]]) -> Tuple[bool, bool]:
    """Return (lowercase, strip_accents) of a tokenizer's normalizer."""
    lowercase = strip_accents = False
    for part in _parts(normalizer):
        if part["type"] == "BertNormalizer":
            lowercase |= bool(part["lowercase"])
            # As in BERT, accents are stripped with lowercasing unless set otherwise.
            explicit = part["strip_accents"]
            strip_accents |= bool(part["lowercase"] if explicit is None else explicit)
        lowercase |= part["type"] == "Lowercase"
        strip_accents |= part["type"] == "StripAccents"
    return lowercase, strip_accents


def _parts(part: Optional[Dict[str, Any]]) -> Iterator[Dict[str, Any]]:
    """Iterate over a normalizer or pre-tokenizer and its nested ones."""
    if part is None:
        return
    yield part
    for inner in part.get("normalizers") or part.get("pretokenizers") or ():
        yield from _parts(inner)


def _byte_chars() -> Dict[int, str]:
    """Return the printable character for each byte in byte-level BPE.

    Printable Latin-1 characters represent themselves. The other bytes are assigned the
    code points from 256 on, in order (Radford et al. 2019, GPT-2).
    """
    chars: Dict[int, str] = {}
    shifted = 256
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174:
            chars[byte] = chr(byte)
        else:
            chars[byte] = chr(shifted)
            shifted += 1
    return chars
