"""Which device a command runs on."""

from ..errors import DistillError


def use_device(gpu_id: int, *, quiet: bool = False) -> None:
    """Make thinc use a GPU; -1 for the CPU.

    RAISES: DistillError if the GPU cannot be used.
    """
    from spacy.cli._util import setup_gpu

    try:
        setup_gpu(gpu_id, silent=quiet)
    except ValueError as error:
        raise DistillError(
            f"Expected GPU {gpu_id} to be usable, got: {error}. Use --gpu-id -1 for the"
            " CPU."
        ) from error
