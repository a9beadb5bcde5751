"""A class of tests out of the list of checks."""

from collections.abc import Callable, Mapping

from hub.sdk.sandbox import SourceSandbox
from hub.testing import checks as _checks  # noqa: F401 - fills the list
from hub.testing.bench import AnySource, Bench
from hub.testing.registry import CHECKS, Check


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
    left_out = without or {}
    unknown = sorted(set(left_out) - set(CHECKS))
    if unknown or not all(left_out.values()):
        raise ValueError(f"without: expected names of checks with a reason; unknown: {unknown}. Known: {[*CHECKS]}")
    bench = Bench(source, sandbox, many)
    tests = {f"test_{name}": _test(each, bench) for name, each in CHECKS.items() if name not in left_out}
    return type(f"Test{source.__name__}", (), {"__doc__": f"What every source must do, for {source.name}.", **tests})


def _test(each: Check, bench: Bench) -> Callable[[object], None]:
    def test(_self: object) -> None:
        each(bench)

    test.__doc__ = each.__doc__
    return test
