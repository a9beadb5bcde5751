"""For all tests: where `HUB_NO_SKIP` is set (.ci/run), a skipped test is a failed one."""

import os
from collections.abc import Generator

import pytest


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
