"""What changes in a pipeline while it is trained: weights, moments, schedules."""

from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np
from spacy.language import Language
from thinc.api import Model, Optimizer, get_current_ops

from ..losses.weight import Weight
from ..students.encoder import find_vector_teacher, get_encoders
from ..students.transformer.shim import TransformerShim

# Moments of an optimizer, by its attribute.
_MOMENTS = ("mom1", "mom2", "averages")
_COUNTS = ("nr_update", "last_seen")


def get_state(nlp: Language, optimizer: Optimizer) -> Dict[str, Any]:
    """Return what changes in training, as a checkpoint can store it.

    Frozen weights are left out: initialization gives them again.

    Args:
        nlp: A pipeline in training, between two updates.
        optimizer: Its optimizer.

    Returns:
        Tensors and numbers by name.
    """
    parts = _find_parts(nlp, optimizer)
    return {
        "weights": {name: _tensor(slot.get()) for name, slot in parts.slots.items()},
        "optimizers": [_get_moments(one, parts.names) for one in parts.optimizers],
        "taken": [weight.taken for weight in parts.loss_weights],
    }


def set_state(nlp: Language, optimizer: Optimizer, state: Dict[str, Any]) -> None:
    """Give a pipeline the state of another that was initialized in the same way.

    Args:
        nlp: The pipeline, before its first update.
        optimizer: Its optimizer.
        state: What `get_state` returned.
    """
    parts = _find_parts(nlp, optimizer)
    for name, slot in parts.slots.items():
        slot.set(state["weights"][name])
    for one, moments in zip(parts.optimizers, state["optimizers"]):
        _set_moments(one, parts.names, moments)
    for weight, taken in zip(parts.loss_weights, state["taken"]):
        weight.skip_to(taken)
    for shim in parts.shims:
        shim.touch()


class _Slot(NamedTuple):
    """A weight of a Thinc layer, or of a torch module if there is no layer."""

    owner: Any
    name: str
    ops: Any

    def get(self) -> Any:
        if self.ops is None:
            return self.owner.data
        return self.ops.to_numpy(self.owner.get_param(self.name))

    def set(self, tensor: Any) -> None:
        if self.ops is None:
            self.owner.data = tensor.to(self.owner.device)
        else:
            self.owner.set_param(self.name, self.ops.asarray(tensor.numpy()))


class _Parts(NamedTuple):
    """The parts of a pipeline that change, in an order that initialization determines.

    Attributes:
        slots: Weights by name.
        names: Name of each id that optimizers know layers by.
        optimizers: That of the training, and those that students have of their own.
        loss_weights: Weights of losses, such as alpha.
        shims: Transformer students.
    """

    slots: Dict[str, _Slot]
    names: Dict[int, str]
    optimizers: List[Optimizer]
    loss_weights: List[Weight]
    shims: List[TransformerShim]


def _find_parts(nlp: Language, optimizer: Optimizer) -> _Parts:
    parts = _Parts({}, {}, [optimizer], [], [])
    for pipe_name, pipe in nlp.pipeline:
        alpha = getattr(getattr(pipe, "loss", None), "alpha", None)
        if isinstance(alpha, Weight):
            parts.loss_weights.append(alpha)
        model = getattr(pipe, "model", None)
        if not isinstance(model, Model):
            continue
        _add_layers(parts, pipe_name, model)
        for i, encoder in enumerate(get_encoders(model)):
            teacher = find_vector_teacher(encoder)
            if teacher is not None:
                _add_layers(parts, f"{pipe_name}.vectors{i}", teacher.head)
                parts.optimizers.append(teacher.optimizer)
    return parts


def _add_layers(parts: _Parts, prefix: str, model: Model) -> None:
    for i, node in enumerate(model.walk()):
        name = f"{prefix}.{i}"
        parts.names[node.id] = name
        for param in node.param_names:
            if node.has_param(param):
                parts.slots[f"{name}/{param}"] = _Slot(node, param, node.ops)
        for j, shim in enumerate(node.shims):
            parts.names[shim.id] = f"{name}.shim{j}"
            for param, weight in _torch_weights(shim):
                if weight.requires_grad:
                    parts.slots[f"{name}.shim{j}/{param}"] = _Slot(weight, param, None)
            if isinstance(shim, TransformerShim):
                parts.shims.append(shim)
                if shim.layer_teacher is not None:
                    parts.loss_weights.append(shim.layer_teacher.theta)


def _torch_weights(shim: Any) -> Iterator[Tuple[str, Any]]:
    if isinstance(shim, TransformerShim):
        yield from shim.learned_weights()
    elif hasattr(shim._model, "named_parameters"):
        yield from shim._model.named_parameters()


def _get_moments(optimizer: Optimizer, names: Dict[int, str]) -> Dict[str, Any]:
    out: Dict[str, Any] = {}
    for attribute in _MOMENTS + _COUNTS:
        values = getattr(optimizer, attribute) or {}
        out[attribute] = {
            f"{names[id_]}/{param}": _tensor(value) if attribute in _MOMENTS else value
            for (id_, param), value in values.items()
        }
    return out


def _set_moments(
    optimizer: Optimizer, names: Dict[int, str], moments: Dict[str, Any]
) -> None:
    ops = get_current_ops()
    ids = {name: id_ for id_, name in names.items()}
    for attribute in _MOMENTS + _COUNTS:
        values = getattr(optimizer, attribute)
        for key, value in moments[attribute].items():
            name, _, param = key.partition("/")
            is_moment = attribute in _MOMENTS
            values[ids[name], param] = (
                ops.asarray(value.numpy()) if is_moment else value
            )


def _tensor(array: Any) -> Any:
    import torch

    if not isinstance(array, torch.Tensor):
        # Thinc updates arrays in place; a GPU's are copied anyway.
        get = getattr(array, "get", None)
        array = torch.from_numpy(np.array(array if get is None else get()))
    return array.detach().cpu().clone()
