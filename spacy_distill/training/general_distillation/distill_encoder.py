"""General distillation: train a smaller encoder to imitate the layers of another."""

import hashlib
import json
from pathlib import Path
from typing import Any, ContextManager, Dict, Mapping, NamedTuple, Optional, Union

from tqdm import tqdm
from wasabi import Printer

from ...corpora.texts import Texts, TextSource, as_texts
from ...errors import DistillError
from ...files import check_writable, write_atomically
from ...students.lexicon.interaction import check_reads_alone
from ...students.transformer.module import (
    check_fit,
    check_length,
    choose_layers,
    copied_config,
    copy_weights,
    make_module,
)
from ...students.transformer.source import Encoder, load_encoder, save_encoder
from ...students.transformer.states import encoder_shape, read_states
from ..checkpoint import load_checkpoint, remove_checkpoint, save_checkpoint
from ..config import CONFIGS
from .piece_batches import PieceBatches, Position
from .settings import GeneralSettings, read_settings

ENCODER_CONFIG = CONFIGS / "encoder.cfg"
# Written into the folder when the encoder is complete.
RECORD = "distillation.json"
# Weight of the last step in the losses that are shown and recorded.
_NEWEST = 0.02


def distill_encoder(
    transformer: Union[str, Path],
    texts: TextSource,
    output: Union[str, Path],
    *,
    config: Optional[Union[str, Path]] = None,
    overrides: Optional[Mapping[str, Any]] = None,
    progress: bool = True,
) -> Path:
    """Distill a transformer into a smaller encoder, by its layers.

    The first stage of Ye & Hernandez 2023 (general distillation; TinyBERT, Jiao et al.
    2020): student and teacher read the same word pieces of any text, and the student's
    attention scores and hidden states are trained to be the teacher's. No labels are
    used. The encoder is saved as a Hugging Face model, the source of a transformer
    student.

    The teacher runs at every step, since hidden states are too large to store. A run
    that was cut short goes on from its last checkpoint when it is started again, and
    gives the same weights as one that was not. A GPU is used if there is one.

    Args:
        transformer: The teacher: a Hugging Face model (folder, installed package, hub
            name), or a spaCy pipeline with a transformer.
        texts: The texts; see `annotate`.
        output: Folder of the encoder.
        config: The config; see `configs/encoder.cfg`, which is the default.
        overrides: Settings of the config by dotted name.
        progress: Show progress.

    Returns:
        The folder.

    Raises:
        DistillError: If a setting, the transformer or the texts cannot be used, or if
            the folder has the result of another run.
    """
    output = Path(output)
    path = ENCODER_CONFIG if config is None else Path(config)
    settings = read_settings(path, dict(overrides or {}))
    source = as_texts(texts)
    check_writable(output)
    say = Printer(no_print=not progress)
    for note in source.notes:
        say.text(f"Texts: {note}")
    teacher = load_encoder(transformer)
    check_reads_alone(teacher.model)
    run = _fingerprint(settings, teacher, source)
    record = _read_record(output, run)
    if record is not None:
        say.good(f"The encoder in {output} is complete: {record['steps']:,} steps")
        return output
    training = _Training(settings, teacher, source, name=str(transformer))
    losses = training.run(output, run=run, progress=progress)
    save_encoder(training.encoder, output)
    record = {
        "run": run,
        "teacher": Path(transformer).name,
        "steps": settings.training.max_steps,
        "texts": len(source),
        "losses": losses,
    }
    write_atomically(output / RECORD, json.dumps(record, indent=1).encode("utf-8"))
    remove_checkpoint(output)
    shown = ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
    say.good(f"Saved the encoder to {output} ({shown})")
    return output


class _Place(NamedTuple):
    """Where a training is: updates made, and the next batch."""

    step: int
    position: Position


class _Training:
    """A student in training: its model, losses and optimizer."""

    def __init__(
        self,
        settings: GeneralSettings,
        teacher: Encoder,
        texts: Texts,
        *,
        name: str,
    ) -> None:
        import torch

        torch.manual_seed(settings.training.seed)
        self.settings = settings.training
        self.needs_attention = settings.loss.needs_attention
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.teacher = teacher.model.to(self.device).eval()
        self.encoder = _make_student(settings, teacher, name)
        self.student = self.encoder.model.to(self.device).train()
        self.losses = settings.loss.build(
            encoder_shape(self.student), encoder_shape(self.teacher)
        ).to(self.device)
        self.parameters = [*self.student.parameters(), *self.losses.parameters()]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=0.0, weight_decay=self.settings.weight_decay
        )
        self.batches = PieceBatches(
            texts,
            teacher.tokenizer,
            teacher.pad_id,
            max_length=settings.encoder.max_length,
            batch_size=self.settings.batch_size,
            seed=self.settings.seed,
            is_case_aware=teacher.is_case_aware,
        )
        self.shown: Dict[str, float] = {}

    def run(self, folder: Path, *, run: str, progress: bool) -> Dict[str, float]:
        """Train to the end, from the last checkpoint if there is one.

        Args:
            folder: Folder for checkpoints.
            run: Fingerprint of the run.
            progress: Show progress.

        Returns:
            Moving means of the losses at the end, by name.
        """
        checkpoint = load_checkpoint(folder, run=run)
        place = self._load(None if checkpoint is None else checkpoint.state)
        if checkpoint is not None:
            checkpoint.restore_random()
        total = self.settings.max_steps
        bar = tqdm(
            total=total, initial=place.step, unit="step", disable=not progress or None
        )
        with bar:
            for batch in self.batches.read(place.position):
                if place.step >= total:
                    break
                self._update(batch.inputs, place.step)
                place = _Place(place.step + 1, batch.following)
                bar.update()
                bar.set_postfix(self.shown, refresh=False)
                is_due = place.step % self.settings.checkpoint_frequency == 0
                if is_due and place.step < total:
                    save_checkpoint(folder, self._state(place), run=run)
        return self.shown

    def _update(self, arrays: Mapping[str, Any], step: int) -> None:
        import torch

        inputs = {
            name: torch.from_numpy(array).to(self.device)
            for name, array in arrays.items()
        }
        with self._precision():
            with torch.no_grad():
                target = read_states(
                    self.teacher, inputs, attention=self.needs_attention
                )
            own = read_states(self.student, inputs, attention=self.needs_attention)
            loss = self.losses(own, target)
        if not torch.isfinite(loss):
            raise DistillError(
                f"Expected a finite loss, got {loss.item()} at step {step + 1}: lower"
                " training.learn_rate."
            )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.settings.grad_clip)
        for group in self.optimizer.param_groups:
            group["lr"] = _learn_rate(self.settings, step)
        self.optimizer.step()
        self.optimizer.zero_grad()
        parts: Any = getattr(self.losses, "parts", {"loss": loss.item()})
        for name, value in parts.items():
            before = self.shown.get(name, value)
            self.shown[name] = before + _NEWEST * (value - before)

    def _precision(self) -> ContextManager[Any]:
        import torch

        return torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self.settings.bfloat16
        )

    def _state(self, place: _Place) -> Dict[str, Any]:
        return {
            "step": place.step,
            "position": list(place.position),
            "student": self.student.state_dict(),
            "losses": self.losses.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "shown": self.shown,
        }

    def _load(self, state: Optional[Dict[str, Any]]) -> _Place:
        if state is None:
            return _Place(0, Position())
        self.student.load_state_dict(state["student"])
        self.losses.load_state_dict(state["losses"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.shown = state["shown"]
        return _Place(state["step"], Position(*state["position"]))


def _make_student(settings: GeneralSettings, teacher: Encoder, name: str) -> Encoder:
    """Create the student with its first weights, and the teacher's tokenizer."""
    shape = settings.encoder
    source = teacher.model
    check_length(source.config, shape.max_length, source=name)
    n_pieces = source.get_input_embeddings().weight.shape[0]
    module = make_module(
        copied_config(
            source.config,
            shape,
            vocab_size=n_pieces,
            pad_id=teacher.pad_id,
            is_case_aware=teacher.is_case_aware,
        )
    )
    if shape.start == "source":
        check_fit(source.config, shape, source=name)
        copy_weights(
            source,
            module,
            layers=choose_layers(
                encoder_shape(source).layers, shape.layers, shape.source_layers
            ),
            pieces=range(n_pieces),
            has_shapes=teacher.is_case_aware,
        )
    return teacher._replace(model=module)


def _learn_rate(settings: Any, step: int) -> float:
    """Return the rate of a step: up in a straight line, and down to 0."""
    if step < settings.warmup_steps:
        return float(settings.learn_rate * (step + 1) / settings.warmup_steps)
    left = settings.max_steps - step
    return float(
        settings.learn_rate * left / max(settings.max_steps - settings.warmup_steps, 1)
    )


def _fingerprint(settings: GeneralSettings, teacher: Encoder, texts: Texts) -> str:
    """Hash everything that the result depends on."""
    digest = hashlib.sha256()
    for part in (settings.text, texts.hash, teacher.tokenizer.to_str()):
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    for name, weight in teacher.model.state_dict().items():
        digest.update(name.encode("utf-8") + b"\0")
        digest.update(weight.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _read_record(folder: Path, run: str) -> Optional[Dict[str, Any]]:
    """Read the record of a complete run; None if there is none."""
    path = folder / RECORD
    if not path.exists():
        return None
    try:
        record: Dict[str, Any] = json.loads(path.read_bytes())
    except ValueError:
        record = {}
    if record.get("run") != run:
        raise DistillError(
            f"Expected a new folder or the result of the same run, got {folder} with an"
            " encoder of another config, transformer or texts: choose another output"
            " folder."
        )
    return record
