"""Plan audiences: who is wanted at each target, and what that changes."""

from collections.abc import Sequence

from hub.engine import Engine
from hub.outbox.plan import AudienceJob, AudiencePlan, Policy, TargetPlan
from hub.sdk.records import Target


def check_targets(jobs: Sequence[AudienceJob]) -> None:
    """Refuse audiences that cannot stand side by side: one membership wanted twice, one field with two meanings.

    Raises:
        ConfigError: naming both audiences and the target or field.
    """
    raise NotImplementedError


def reach(engine: Engine, jobs: Sequence[AudienceJob], policy: Policy, key: bytes) -> None:
    """Work out for ALL audiences of the project who is wanted (caps count across tools); call it once per run.

    Reads person, segment_members, identifiers, consent, ledger; fills temporary tables that `plan_target` reads.
    """
    raise NotImplementedError


def plan_target(
    engine: Engine, job: AudienceJob, target: Target, policy: Policy, *, assume_objects: bool = False
) -> TargetPlan:
    """Compare who is wanted at one target with the ledger. `assume_objects`: a dry run, in which objects would succeed."""
    raise NotImplementedError


def plan_audience(engine: Engine, job: AudienceJob, policy: Policy) -> AudiencePlan:
    """Plan all targets of an audience and send nothing."""
    raise NotImplementedError
