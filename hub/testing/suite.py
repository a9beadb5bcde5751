"""A class of tests out of the list of checks."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from hub.sdk.sandbox import DestinationSandbox, SourceSandbox
from hub.testing import checks as _checks  # noqa: F401 - fills the list
from hub.testing.bench import AnySource, Bench
from hub.testing.delivering import DESK_CHECKS, DeskCheck
from hub.testing.desk import AnyDestination, desk
from hub.testing.registry import CHECKS, Check

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
    tests = {f"test_{name}": _test(each, bench) for name, each in _chosen(CHECKS, without or {}).items()}
    return type(f"Test{source.__name__}", (), {"__doc__": f"What every source must do, for {source.name}.", **tests})


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

    def test(each: DeskCheck) -> Callable[[object], None]:
        def run(_self: object) -> None:
            with desk(destination, sandbox) as one:
                each(one)

        run.__doc__ = each.__doc__
        return run

    tests = {f"test_{name}": test(each) for name, each in _chosen(DESK_CHECKS, without or {}).items()}
    about = f"What every destination must do, for {destination.name}."
    return type(f"Test{destination.__name__}", (), {"__doc__": about, **tests})


def _chosen(checks: Mapping[str, C], left_out: Mapping[str, str]) -> Mapping[str, C]:
    unknown = sorted(set(left_out) - set(checks))
    if unknown or not all(left_out.values()):
        raise ValueError(f"without: expected names of checks with a reason; unknown: {unknown}. Known: {[*checks]}")
    return {name: each for name, each in checks.items() if name not in left_out}


def _test(each: Check, bench: Bench) -> Callable[[object], None]:
    def test(_self: object) -> None:
        each(bench)

    test.__doc__ = each.__doc__
    return test
