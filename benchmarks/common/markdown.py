"""Parts of tables in Markdown."""

import statistics
from typing import List, Sequence


def table(head: List[str], rows: List[List[str]]) -> str:
    """Return a table; empty without rows."""
    if not rows:
        return ""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: Sequence[float]) -> str:
    """Return mean, standard deviation and number of values; empty without any."""
    if not values:
        return ""
    text = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{text} ({len(values)})"
