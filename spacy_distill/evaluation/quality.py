"""Whether a pipeline has learned anything."""

from typing import Optional

# An F1 below this is hardly better than nothing: something is wrong with the training.
# Ratios to such a pipeline, or of one, say nothing, and reports leave them out.
LEAST_F1 = 0.1


def is_untrained(f1: Optional[float]) -> bool:
    """Return whether scores are those of a pipeline that has learned next to nothing.

    Args:
        f1: F1 of whole entities, in [0, 1], which is 0 if none are predicted; None if
            unknown.
    """
    return f1 is not None and f1 < LEAST_F1
