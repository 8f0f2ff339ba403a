"""Corpora with entities, as `.spacy` files and unlabelled text."""

import subprocess
import sys
from pathlib import Path
from typing import Optional, Sequence


def write_corpus(
    folder: Path,
    files: Sequence[Path],
    *,
    lang: str,
    labels: str,
    n_labels: Optional[int],
    seed: int,
) -> None:
    """Write `train`, `dev`, `test` (`.spacy`) and the folder `unlabelled`.

    Args:
        folder: Folder to write to.
        files: Files of columns with training, development and test data.
        lang: Language.
        labels: Labels of the entities, with commas.
        n_labels: Training sentences that keep their labels, the others are text; None
            for all, which are then the text, too.
        seed: Seed of the draw of labelled sentences.
    """
    train, dev, test = files
    command = [
        *(sys.executable, "-m", "spacy_distill", "corpus", "-o", str(folder)),
        *("--lang", lang, "--labels", labels, "--seed", str(seed)),
        *("--train", str(train), "--dev", str(dev), "--test", str(test)),
    ]
    if n_labels is None:
        command += ["--unlabelled", str(train)]
    else:
        command += ["--n-labels", str(n_labels)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
