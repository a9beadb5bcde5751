"""When things run. No business logic: every job asks for a run and leaves the rest to the pipeline."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from hub.logs import get_logger
from hub.report import RunRequest
from hub.settings import ProjectSettings

SOON = timedelta(seconds=1)
PUSHED = "pushed events"
_LOOKS = 4  # in the time for which events may wait, so that they wait a quarter longer at most
EVERYBODY = RunRequest(full=True, cut_points=True)


def next_slot(after: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The first instant after `after` (aware) at which the shop's clock shows `at`, once on every day; aware, UTC.

    On the day when clocks go forward, a time that does not exist comes at the same distance from midnight (02:30
    becomes 03:30); on the day when they go back, one that exists twice comes the first time alone.
    """
    day = after.astimezone(zone).date() - timedelta(days=1)
    slots = (_instant(day + timedelta(days=ahead), at, zone) for ahead in range(4))
    return next(slot for slot in slots if slot > after)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)


class DailyTrigger(BaseTrigger):  # type: ignore[misc] # APScheduler publishes no types
    """Fires once a day of the shop; slots are computed in UTC, because APScheduler's own arithmetic skips over DST."""

    def __init__(self, at: time, zone: ZoneInfo) -> None:
        self.at = at
        self.zone = zone

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The slot after the last one, or after now for the first."""
        return next_slot(previous or now, self.at, self.zone)


class Daemon:
    """Asks for runs on the schedules in config: each connection, each audience, everybody once a day."""

    def __init__(
        self,
        settings: ProjectSettings,
        perform: Callable[[RunRequest], object],
        pushed: Callable[[timedelta], Sequence[str]],
    ) -> None:
        """`pushed`: given how long events may wait, the connections whose events have waited for so long."""
        self._perform = perform  # returns when the run has ended, so that one job never waits twice
        self._pushed = pushed
        self._within = settings.hub.web.pushed_within
        wanted = list(_schedule(settings))
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(wanted) + 1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for name, trigger, request in wanted:
            self._scheduler.add_job(self._run, trigger, args=[name, request], id=name, name=name)
        if any(connection.sources for connection in settings.connections.values()):
            self._scheduler.add_job(self._run_pushed, _repeat(self._within / _LOOKS), id=PUSHED, name=PUSHED)

    def start(self) -> None:
        """Begin; what is due by its interval runs at once."""
        self._scheduler.start()

    def stop(self) -> None:
        """Ask for nothing more; a job that is asking right now returns by itself."""
        self._scheduler.shutdown(wait=False)

    def jobs(self) -> list[str]:
        """Names of what is scheduled."""
        return sorted(job.id for job in self._scheduler.get_jobs())

    def _run_pushed(self) -> None:
        for connection in self._pushed(self._within):
            self._run(f"{PUSHED} {connection}", _read(connection))

    def _run(self, name: str, request: RunRequest) -> None:
        get_logger(__name__).info("due", job=name)
        self._perform(request)


def _schedule(settings: ProjectSettings) -> Iterator[tuple[str, BaseTrigger, RunRequest]]:
    shop = ZoneInfo(settings.hub.shop.timezone)
    yield "full pass", DailyTrigger(settings.hub.schedule.full_at, shop), EVERYBODY
    for connection in settings.connections.values():
        if connection.sources:
            every = min(source.every for source in connection.sources)
            yield f"read {connection.name}", _repeat(every), _read(connection.name)
        for audience in connection.audiences:
            request = RunRequest(audience=audience.name, extract=False)
            yield f"deliver {audience.name}", _repeat(audience.every), request


def _read(connection: str) -> RunRequest:
    return RunRequest(source=connection, until="segment")


def _repeat(every: timedelta) -> IntervalTrigger:
    return IntervalTrigger(
        seconds=max(1, int(every.total_seconds())), start_date=datetime.now(UTC) + SOON, timezone=UTC
    )
