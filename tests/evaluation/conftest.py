"""The reports that these tests look at."""

from measured_categories import exclusive, exclusive_folder, several
from measured_report import report

__all__ = ["exclusive", "exclusive_folder", "report", "several"]
