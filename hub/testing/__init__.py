"""The conformance suites: what every source and destination must do, checked against a simulated vendor.

For tests; needs hypothesis.

    from hub.testing import destination_suite, source_suite

    TestMySource = source_suite(MySource, sandbox=MySandbox)
    TestMyDestination = destination_suite(MyDestination, sandbox=MyOtherSandbox)

The checks are plain functions in `hub.testing.checks` and `hub.testing.delivering`; docs/testing-a-connector.md lists
them.
"""

from hub.testing.bench import Bench, Vendor
from hub.testing.delivering import DESK_CHECKS
from hub.testing.desk import Desk, desk
from hub.testing.fold import Fold
from hub.testing.registry import CHECKS, Violation
from hub.testing.suite import destination_suite, source_suite

__all__ = [
    "CHECKS",
    "DESK_CHECKS",
    "Bench",
    "Desk",
    "Fold",
    "Vendor",
    "Violation",
    "desk",
    "destination_suite",
    "source_suite",
]
