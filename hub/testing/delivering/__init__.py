"""What every destination must do; the list of checks of `destination_suite`.

lists      adding, updating, removing, coming back
verdicts   what the vendor says of one person costs nobody else
access     credentials that are bad, or expire
trouble    lost answers, time-outs, refusals of whole requests
drift      what people do in the vendor's own pages
privacy    nobody is named in logs and errors
histories  killed anywhere, and any history at all
"""

from hub.testing.delivering import access, drift, histories, lists, privacy, trouble, verdicts  # noqa: F401 - fill the list
from hub.testing.delivering.registry import DESK_CHECKS, DeskCheck

__all__ = ["DESK_CHECKS", "DeskCheck"]
