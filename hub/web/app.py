"""The application: one route per question. Thin: it parses, calls `pipeline` or `queries`, and answers."""

from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from hub import __version__, pipeline
from hub.project import Project
from hub.project.approving import Approved, approve
from hub.queries.check import check
from hub.queries.export import export
from hub.queries.person import Person, person
from hub.queries.preview import Preview, preview
from hub.queries.quarantine import quarantine
from hub.queries.segments import segments, stages
from hub.queries.status import Status, status
from hub.queries.why import Why, why
from hub.report import RunRequest
from hub.sdk.errors import ConfigError, HubError
from hub.web import bodies
from hub.web.hooks import accept, status_of
from hub.web.runs import Runs, RunState

WRONG_CONFIG = 422
CONFLICT = 409


def create_app(project: Project, runs: Runs) -> FastAPI:
    """Build the application for an open project."""
    app = FastAPI(title="Audience Hub", version=__version__, docs_url=None, redoc_url=None)
    app.state.project = project
    app.state.runs = runs
    app.include_router(routes)
    app.add_exception_handler(HubError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StarletteHTTPException, _http)
    app.add_exception_handler(Exception, _broken)
    return app


routes = APIRouter()


def _project(request: Request) -> Project:
    project: Project = request.app.state.project
    return project


def _runs(request: Request) -> Runs:
    runs: Runs = request.app.state.runs
    return runs


@routes.get("/health")
def get_health() -> bodies.Health:
    """Say that the process answers; needs no token."""
    return bodies.Health()


@routes.post("/runs", status_code=202)
def post_run(request: Request, body: RunRequest) -> bodies.Started:
    """Queue a run."""
    return bodies.Started(run=_runs(request).start(body))


@routes.get("/runs/{run}")
def get_run(request: Request, run: int) -> RunState:
    """Tell where a run stands, with its report once it is finished."""
    return _runs(request).state(run)


@routes.get("/runs/{run}/events")
def get_events(request: Request, run: int, after: Annotated[int, Query(ge=0)] = 0) -> bodies.Events:
    """Progress after event number `after`."""
    runs = _runs(request)
    finished = runs.state(run).state != "running"  # read first: what comes later is asked for again
    return bodies.Events(events=runs.events(run, after), finished=finished)


@routes.post("/runs/{run}/cancel")
def post_cancel(request: Request, run: int) -> bodies.Cancelled:
    """Stop a run before its next page or batch."""
    return bodies.Cancelled(run=run, cancelled=_runs(request).cancel(run))


@routes.post("/hooks/{connection}", status_code=204)
async def post_hook(request: Request, connection: str) -> Response:
    """Take an event that a tool pushes; its signature stands in for our token."""
    body, given = await request.body(), dict(request.headers)
    try:
        await run_in_threadpool(accept, _project(request), connection, given, body)
    except (HubError, OSError) as error:
        return _problem(status_of(error), "the event was not taken")  # a stranger is told no more
    return Response(status_code=204)


@routes.get("/status")
def get_status(request: Request) -> Status:
    """Tell what ran, what stands still and why."""
    return status(_project(request))


@routes.post("/preview")
def post_preview(request: Request, body: bodies.PreviewBody) -> Preview:
    """Count the people that a rule describes."""
    return preview(_project(request), body.rule, sample=body.sample)


@routes.post("/plan")
def post_plan(request: Request, body: bodies.PlanBody) -> bodies.Plans:
    """Say what would be sent, and send nothing."""
    project = _project(request)
    work = _runs(request).write(lambda: pipeline.plan(project, audience=body.audience, as_of=body.as_of))
    return bodies.Plans(audiences=work)


@routes.post("/approve")
def post_approve(request: Request, body: bodies.ApproveBody) -> Approved:
    """Let an audience, its held removals or an empty source pass."""
    return approve(_project(request), body.name, removals=body.removals, who=body.who)


@routes.post("/check")
def post_check(request: Request, body: bodies.CheckBody) -> bodies.Checks:
    """Reach every tool and say what was found."""
    return bodies.Checks(connections=check(_project(request), body.connection))


@routes.get("/segments")
def get_segments(request: Request) -> bodies.Groups:
    """List segments and stages with their sizes."""
    project = _project(request)
    return bodies.Groups(segments=segments(project), stages=stages(project))


@routes.post("/person")
def post_person(request: Request, body: bodies.PersonBody) -> Person:
    """Tell everything known about one person."""
    return person(_project(request), body.key)


@routes.post("/why")
def post_why(request: Request, body: bodies.WhyBody) -> Why:
    """Explain why a person is in a segment, or is not."""
    return why(_project(request), body.key, body.segment)


@routes.get("/quarantine")
def get_quarantine(
    request: Request, connection: str | None = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 100
) -> bodies.Quarantined:
    """List rows that did not fit, newest first."""
    return bodies.Quarantined(rows=quarantine(_project(request), connection, limit=limit))


@routes.post("/export")
def post_export(request: Request, body: bodies.ExportBody) -> bodies.Exported:
    """Write people, a segment or an audience to a file on the hub's machine."""
    count = export(_project(request), body.what, body.path)
    return bodies.Exported(path=body.path, rows=count)


def _problem(status: int, error: str, hint: str = "") -> JSONResponse:
    return JSONResponse(bodies.Problem(error=error, hint=hint).model_dump(), status_code=status)


def _refused(_request: Request, error: Exception) -> JSONResponse:
    status = WRONG_CONFIG if isinstance(error, ConfigError) else CONFLICT
    return _problem(status, getattr(error, "message", str(error)), getattr(error, "hint", ""))


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    # What was sent stays out of the answer and of every log: it may be somebody's address.
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    where = [".".join(str(part) for part in item["loc"]) + ": " + str(item["msg"]) for item in found]
    return _problem(WRONG_CONFIG, "; ".join(where) or "the request cannot be read", "See docs/commands.md.")


def _http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, StarletteHTTPException):
        return _problem(500, "internal error")
    return _problem(error.status_code, str(error.detail))


def _broken(_request: Request, error: Exception) -> JSONResponse:
    return _problem(500, f"internal error: {type(error).__name__}", "See the log; this is a bug, please report it.")
