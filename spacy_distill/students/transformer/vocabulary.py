"""Prune the vocabulary of a tokenizer to the word pieces that texts need."""

import json
from typing import Any, Callable, Collection, Dict, List, Set, Tuple

from ...errors import DistillError

_METASPACE = "\u2581"


def prune_tokenizer(tokenizer: str, used: Collection[int]) -> Tuple[str, List[int]]:
    """Remove word pieces from a tokenizer.

    Special tokens and single characters stay, so that any word that could be split into
    pieces still can be. Texts whose pieces are all kept are split as before: WordPiece
    takes the longest piece, and Unigram the most probable pieces, out of fewer.

    Args:
        tokenizer: Content of a `tokenizer.json`, with a model WordPiece or Unigram.
        used: Ids of pieces to keep.

    Returns:
        The smaller tokenizer, and for each of its ids the id before.

    Raises:
        DistillError: If the model is of another type.
    """
    scheme = json.loads(tokenizer)
    model = scheme["model"]
    kind = model.get("type")
    if kind not in ("WordPiece", "Unigram"):
        raise DistillError(
            "Expected a tokenizer with WordPiece or Unigram to prune, got"
            f" {kind or 'another'}: set prune_vocabulary = false."
        )
    is_unigram = kind == "Unigram"
    if is_unigram:
        pieces = [(piece, i) for i, (piece, _) in enumerate(model["vocab"])]
        prefix = _METASPACE
        kept = {model["unk_id"]} - {None}
    else:
        pieces = list(model["vocab"].items())
        prefix = model["continuing_subword_prefix"]
        kept = {model["vocab"].get(model["unk_token"])} - {None}
    kept |= {id_ for piece, id_ in pieces if _is_character(piece, prefix, is_unigram)}
    kept |= {token["id"] for token in scheme.get("added_tokens") or ()}
    kept |= set(used) | _special_ids(scheme.get("post_processor"))
    before = sorted(kept)
    after = {old: new for new, old in enumerate(before)}
    if is_unigram:
        model["vocab"] = [model["vocab"][i] for _, i in pieces if i in kept]
        if model["unk_id"] is not None:
            model["unk_id"] = after[model["unk_id"]]
    else:
        model["vocab"] = {piece: after[id_] for piece, id_ in pieces if id_ in kept}
    for token in scheme.get("added_tokens") or ():
        token["id"] = after[token["id"]]
    _renumber(scheme.get("post_processor"), after)
    scheme["truncation"] = scheme["padding"] = None
    return json.dumps(scheme, ensure_ascii=False), before


def _is_character(piece: str, prefix: str, is_unigram: bool) -> bool:
    text = piece[len(prefix) :] if piece.startswith(prefix) else piece
    # "<0x41>" is a byte, for characters without a piece.
    is_byte = is_unigram and piece.startswith("<0x") and len(piece) == 6
    return len(text) <= 1 or is_byte


def _special_ids(part: Any) -> Set[int]:
    """Return all ids in a post-processor."""
    found: Set[int] = set()

    def collect(id_: int) -> int:
        found.add(id_)
        return id_

    _visit(part, collect)
    return found


def _renumber(part: Any, after: Dict[int, int]) -> None:
    _visit(part, lambda id_: after[id_])


def _visit(part: Any, change: Callable[[int], int]) -> None:
    """Replace all ids in a post-processor by what a function returns for them."""
    if isinstance(part, list):
        for item in part:
            _visit(item, change)
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        if key == "ids":
            part[key] = [change(id_) for id_ in value]
        elif key in ("sep", "cls") and isinstance(value, list):
            # [token, id], in the post-processors of BERT and RoBERTa.
            part[key] = [value[0], change(value[1])]
        else:
            _visit(value, change)
