"""A class of tests out of the list of checks."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from hub.sdk.sandbox import DestinationSandbox, SourceSandbox
from hub.testing import checks as _checks  # noqa: F401 - fills the list
from hub.testing.bench import AnySource, Bench
from hub.testing.delivering import DESK_CHECKS, DeskCheck
from hub.testing.desk import AnyDestination, desk
from hub.testing.registry import CHECKS

C = TypeVar("C")


def source_suite(
    source: type[AnySource],
    *,
    sandbox: type[SourceSandbox],
    without: Mapping[str, str] | None = None,
    many: int = 10_050,
) -> type:
    """Return a class with a test for each check; give it a name that begins with `Test`.

    Args:
        source: the class that is checked.
        sandbox: its simulated vendor.
        without: checks that cannot apply to this vendor, each with the reason, which belongs into the README too.
        many: how many records the check of large reads makes.

    Raises:
        ValueError: `without` names a check that does not exist, or gives no reason.
    """
    bench = Bench(source, sandbox, many)
    return _class(source, f"What every source must do, for {source.name}.", CHECKS, without, lambda each: each(bench))


def destination_suite(
    destination: type[AnyDestination],
    *,
    sandbox: type[DestinationSandbox],
    without: Mapping[str, str] | None = None,
) -> type:
    """Return a class with a test for each check of destinations; as `source_suite`.

    Raises:
        ValueError: `without` names a check that does not exist, or gives no reason.
    """

    def run(each: DeskCheck) -> None:
        with desk(destination, sandbox) as one:
            each(one)

    return _class(destination, f"What every destination must do, for {destination.name}.", DESK_CHECKS, without, run)


def _class(
    made: type, about: str, checks: Mapping[str, C], without: Mapping[str, str] | None, run: Callable[[C], None]
) -> type:
    left_out = without or {}
    unknown = sorted(set(left_out) - set(checks))
    if unknown or not all(left_out.values()):
        raise ValueError(f"without: expected names of checks with a reason; unknown: {unknown}. Known: {[*checks]}")
    tests = {f"test_{name}": _test(each, run) for name, each in checks.items() if name not in left_out}
    return type(f"Test{made.__name__}", (), {"__doc__": about, **tests})


def _test(check: C, run: Callable[[C], None]) -> Callable[[object], None]:
    def test(_self: object) -> None:
        run(check)

    test.__doc__ = check.__doc__
    return test
