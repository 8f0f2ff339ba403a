"""The report that these tests look at."""

from measured_report import report

__all__ = ["report"]
