"""The settings that a config may have, and overrides that name none of them."""

import inspect
from difflib import get_close_matches
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set, Tuple

from catalogue import RegistryError
from spacy.language import DEFAULT_CONFIG, Language
from spacy.util import registry
from thinc.api import Config

from ..errors import DistillError

Section = Tuple[str, ...]

# Settings that exist whether the config has them or not.
_PATHS = ("train", "dev", "unlabelled", "soft_labels", "transformer")
SECTIONS: Dict[str, Set[str]] = {
    **{
        name: set(DEFAULT_CONFIG[name])
        for name in ("nlp", "training", "initialize", "system")
    },
    "paths": {*_PATHS, *DEFAULT_CONFIG["paths"]},
    "schedule": {"passes"},
}
_FACTORY_KEYS = {"factory", "source", "component", "replace_listeners"}
# What `initialize` methods take, and scores: names that nothing here knows.
_OPEN = ("initialize.components.", "initialize.tokenizer", "training.score_weights")


def check_overrides(config: Config, overrides: Mapping[str, Any]) -> None:
    """Check that overrides name settings that something reads.

    Args:
        config: The config without them, variables not filled in.
        overrides: Settings by dotted name.

    Raises:
        DistillError: If one names a setting that does not exist, with the nearest name.
    """
    Language()  # Registers the factories of all packages.
    text = config.to_str(interpolate=False)
    blocks = dict(walk_sections(config))
    for name in overrides:
        *section, option = name.split(".")
        block = blocks.get(tuple(section))
        functions = {
            key.rpartition(".")[2]: value
            for key, value in overrides.items()
            if key.rpartition(".")[0] == ".".join(section)
        }
        known: Optional[Set[str]] = set()
        if block is not None:
            known = _known_options(tuple(section), {**block, **functions}, blocks)
            if known is not None:
                known |= set(block)
        # A variable may be left to be given with each call.
        if known is None or option in known or f"${{{name}}}" in text:
            continue
        candidates = [
            ".".join([*part, key])
            for part, values in blocks.items()
            for key in {*values, *(_known_options(part, values, blocks) or ())}
            if not isinstance(values.get(key), dict)
        ]
        close = get_close_matches(name, candidates, n=1, cutoff=0.75)
        raise DistillError(
            f"Expected a setting of the config, got {name}, which nothing reads:"
            f" {f'did you mean {close[0]}?' if close else 'see the config.'}"
        )


def walk_sections(
    config: Mapping[str, Any],
) -> Iterator[Tuple[Section, Dict[str, Any]]]:
    """Yield the name and the content of all sections, however deep."""
    pending: List[Tuple[Section, Any]] = [((), config)]
    while pending:
        section, block = pending.pop()
        if section:
            yield section, block
        pending += [
            ((*section, key), value)
            for key, value in block.items()
            if isinstance(value, dict)
        ]


def _known_options(
    section: Section, block: Mapping[str, Any], blocks: Mapping[Section, Any]
) -> Optional[Set[str]]:
    """Return the settings that a section may have; None if it may have any."""
    name = ".".join(section)
    if f"{name}.".startswith(_OPEN):
        return None
    promise = next((key for key in block if key.startswith("@")), None)
    if promise is not None:
        arguments = _arguments(promise[1:], block[promise])
        return None if arguments is None else {promise, *arguments}
    if section[0] == "components" and len(section) == 2:
        arguments = _arguments("factories", block.get("factory"))
        if arguments is None:
            return None
        return (set(arguments) - {"nlp", "name"}) | _FACTORY_KEYS
    # The value of an argument is a dict of its own.
    above = [blocks.get(section[:n], {}) for n in range(1, len(section))]
    if any(key.startswith("@") or key == "factory" for b in above for key in b):
        return None
    return set(SECTIONS.get(name, ()))


def _arguments(kind: str, name: Any) -> Optional[List[str]]:
    """Return the arguments of a registered function; None if unknown."""
    try:
        parameters = inspect.signature(registry.get(kind, name)).parameters.values()
    except (RegistryError, TypeError, ValueError):
        return None
    if any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters):
        return None
    return [p.name for p in parameters]
