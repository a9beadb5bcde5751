"""For all tests: where `HUB_NO_SKIP` is set (.ci/run), a skipped test is a failed one.

Generated tests draw the same examples every time, so that a change is judged by what it changes; `HUB_EXPLORE=1` draws
new ones, to find what nobody has thought of.
"""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("explore" if os.environ.get("HUB_EXPLORE") else "steady")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn skips into failures where everything that tests need is there."""
    report = yield
    if report.skipped and os.environ.get("HUB_NO_SKIP") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which HUB_NO_SKIP forbids: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for modules that skip themselves."""
    report = yield
    if report.skipped and os.environ.get("HUB_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which HUB_NO_SKIP forbids: {report.longrepr}"
    return report
