"""Settings of the service."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

from ..errors import DistillError

# Passes the settings to worker processes.
_VARIABLE = "SPACY_DISTILL_SERVICE"


@dataclass(frozen=True)
class ServiceSettings:
    """Settings of the service.

    Attributes:
        model: Installed package or folder of the pipeline, the student.
        teacher: Installed package or folder of its teacher; None for none.
        max_batch: Most texts that the pipeline reads at once.
        max_wait_ms: Milliseconds that a batch waits for more texts, 0 for none. While
            one is read, the next one fills up in any case.
        max_queue: Most texts that wait; a request beyond gets status 429.
        max_chars: Most characters of all texts of a request; one beyond gets 413.
        api_key_file: File with an API key on each line; None if none is needed.
        log_format: Format of the log: "text", "json", or "none".
        code: Python file with registered functions that the pipeline needs; None for
            none.
    """

    model: str
    teacher: Optional[str] = None
    max_batch: int = 128
    max_wait_ms: float = 0.0
    max_queue: int = 4096
    max_chars: int = 1_000_000
    api_key_file: Optional[str] = None
    log_format: str = "text"
    code: Optional[str] = None

    def check(self) -> None:
        """Check the settings.

        Raises:
            DistillError: If one is out of its range.
        """
        for name, least in {
            "max_batch": 1,
            "max_wait_ms": 0,
            "max_queue": 1,
            "max_chars": 1,
        }.items():
            value = getattr(self, name)
            if value < least:
                option = name.replace("_", "-")
                raise DistillError(
                    f"Expected --{option} of {least} or more, got {value}: change it."
                )
        if self.log_format not in ("text", "json", "none"):
            raise DistillError(
                "Expected --log-format of text, json or none, got"
                f" {self.log_format!r}: choose one of them."
            )
        self.api_keys()

    def api_keys(self) -> frozenset[str]:
        """Return the API keys; none if no key is needed.

        Raises:
            DistillError: If the file cannot be read or has no key.
        """
        if self.api_key_file is None:
            return frozenset()
        path = Path(self.api_key_file)
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DistillError(
                f"Expected a file of API keys at {path}, got an error: {error}."
            ) from error
        keys = frozenset(line.strip() for line in lines if line.strip())
        if not keys:
            raise DistillError(
                f"Expected an API key on each line of {path}, got none: add one, or"
                " leave --api-key-file out."
            )
        return keys

    def to_environment(self) -> None:
        """Store the settings for worker processes, which `from_environment` reads."""
        os.environ[_VARIABLE] = json.dumps(asdict(self))

    @staticmethod
    def from_environment() -> "ServiceSettings":
        """Return the settings of the process that started this one."""
        return ServiceSettings(**json.loads(os.environ[_VARIABLE]))
