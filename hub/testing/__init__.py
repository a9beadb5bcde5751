"""The conformance suite: what every source must do, checked against a simulated vendor. For tests; needs hypothesis.

    from hub.testing import source_suite

    TestMySource = source_suite(MySource, sandbox=MySandbox)

The checks are plain functions in `hub.testing.checks`; docs/testing-a-connector.md lists them.
"""

from hub.testing.bench import Bench, Vendor
from hub.testing.fold import Fold
from hub.testing.registry import CHECKS, Violation
from hub.testing.suite import source_suite

__all__ = ["CHECKS", "Bench", "Fold", "Vendor", "Violation", "source_suite"]
