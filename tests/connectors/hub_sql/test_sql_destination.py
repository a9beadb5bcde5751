"""Tables kept equal to audiences: PostgreSQL, MariaDB and SQLite alike, and nothing else touched."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

from hub.sdk.connector import Context
from hub.sdk.errors import ConfigError, HubError, StopConnection
from hub.sdk.records import Answer, Batch, Json, NotApplied, Op, Row, Verdict
from hub.sdk.settings import AudienceSettings
from hub_sql.destination import SqlDestination
from hub_sql.settings import SqlSettings, SqlTarget
from tests.support.mariadb import NO_MARIADB, mariadb_is_installed, mariadb_server
from tests.support.store import NO_POSTGRES, postgres_cluster, postgres_is_installed

TYPES = {"N": "integer", "X": "number", "B": "boolean", "D": "date", "T": "timestamp", "J": "json"}
ANN, BOB = "ann@shop.example", "bob@shop.example"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own."""
    if not postgres_is_installed():
        pytest.skip(NO_POSTGRES)
    with postgres_cluster() as folder:
        yield f"postgresql://postgres@/postgres?host={folder}"


@pytest.fixture(scope="module")
def mariadb() -> Iterator[str]:
    """A MariaDB of our own."""
    if not mariadb_is_installed():
        pytest.skip(NO_MARIADB)
    with mariadb_server() as socket:
        found = f"mysql://root@localhost/shop?charset=utf8mb4&unix_socket={quote(str(socket), safe='')}"
        engine = create_engine(found.replace("mysql:", "mysql+pymysql:").replace("/shop", "/"), poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("create database shop character set utf8mb4"))
        yield found


class Shop:
    """A database with an empty table `others` and nothing else."""

    def __init__(self, url: str, engine: Engine) -> None:
        self.engine, self.number = engine, 0
        self.tool = SqlDestination(
            SqlSettings.model_validate({"url": url}), Context("shop", Path("/"), datetime.now(UTC))
        )
        self.audience = audience()

    def do(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement."""
        with self.engine.begin() as connection:
            found = connection.execute(text(statement))
            return [tuple(row) for row in found] if found.returns_rows else []

    def push(self, op: Op, *rows: Row) -> Answer:
        """Deliver one batch."""
        self.number += 1
        [target] = self.tool.targets(self.audience)
        handle = self.tool.open(target, self.audience, "plan", len(rows))
        return self.tool.push(target, handle, Batch(f"b{self.number}", 1, last=True, op=op, rows=rows))

    def listed(self) -> list[dict[str, str]]:
        """Who is read back."""
        [target] = self.tool.targets(self.audience)
        seen = self.tool.read_back(target, self.tool.open(target, self.audience, "plan", 0))
        return sorted((dict(each.wire) for each in seen), key=str)


def audience(fields: tuple[str, ...] = ("NAME", *TYPES), **target: object) -> AudienceSettings:
    """An audience in the table `vip`."""
    types = {name: kind for name, kind in TYPES.items() if name in fields}
    made = SqlTarget.model_validate({"table": "vip", "types": types, **target})
    return AudienceSettings(name="vip", segment="vip", target=made, fields=dict.fromkeys(fields, "first_name"))


def row(who: str, **fields: Json) -> Row:
    """One person."""
    return Row(f"key-{who}", {"email": who}, fields)


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    """Each database, without the tables of the test before."""
    if request.param == "sqlite":
        (tmp_path / "shop.db").touch()
        url = f"sqlite:///{tmp_path}/shop.db"
    else:
        url = request.getfixturevalue("postgres" if request.param == "postgresql" else "mariadb")
    driver = url.replace("postgresql:", "postgresql+psycopg:").replace("mysql:", "mysql+pymysql:")
    made = Shop(url, create_engine(driver, poolclass=NullPool))
    for statement in ("drop table if exists vip", "drop table if exists others", "create table others (id integer)"):
        made.do(statement)
    return made


def test_people_are_put_updated_and_taken_off(shop: Shop) -> None:
    """Each op says what holds afterwards; applied twice it changes nothing; others stay."""
    for _ in range(2):
        assert [Verdict(0, "present"), Verdict(1, "present")] == shop.push("add", row(ANN, NAME="Ann"), row(BOB))
    shop.push("update", row(ANN, NAME="Anna 東", N=3))
    assert [(ANN, "Anna 東", 3), (BOB, None, None)] == shop.do('select email, "NAME", "N" from vip order by email'
        if shop.engine.dialect.name != "mysql" else "select email, NAME, N from vip order by email")  # fmt: skip
    for _ in range(2):
        assert [Verdict(0, "absent")] == shop.push("remove", row(ANN))
    assert [{"email": BOB}] == shop.listed()


def test_columns_have_the_types_of_the_mapping(shop: Shop) -> None:
    """Times become UTC; what is empty is null, whatever its type."""
    shop.push("add", row(ANN, N="12", X=1.5, B=True, D="2026-03-01", T="2026-03-01T12:00:00.5+02:00", J={"a": [1]}))
    shop.push("add", row(BOB, N="", X=None, B="", D="", T="", J=None))
    names = "email, N, X, B, D, T" if shop.engine.dialect.name == "mysql" else 'email, "N", "X", "B", "D", "T"'
    ann, bob = shop.do(f"select {names} from vip order by email")
    moment = datetime(2026, 3, 1, 10, 0, 0, 500000)  # noqa: DTZ001 - columns are naive UTC
    expected: tuple[object, ...] = (ANN, 12, 1.5, True, date(2026, 3, 1), moment)
    if shop.engine.dialect.name == "sqlite":
        expected = (ANN, 12, 1.5, 1, "2026-03-01", "2026-03-01 10:00:00.500000")
    assert (expected, (BOB, None, None, None, None, None)) == (ann, bob)


@pytest.mark.parametrize(
    "fields",
    [{"N": "x"}, {"N": 1.5}, {"N": True}, {"N": 1 << 63}, {"X": "nan"}, {"B": "maybe"}, {"D": "1.3.26"}, {"T": "noon"},
     {"NAME": "a\0b"}, {"NAME": "\ud800"}, {"J": "\ud800"}],
)  # fmt: skip
def test_a_value_that_does_not_fit_costs_its_row_alone(shop: Shop, fields: dict[str, Json]) -> None:
    """It is rejected by a code that names the type, never the value."""
    answer = shop.push("add", row(BOB, **fields), row(ANN, NAME="Ann"))
    kind = {"NAME": "text", **TYPES}[next(iter(fields))]
    assert [Verdict(0, "rejected", f"no_{kind}"), Verdict(1, "present")] == answer
    assert [{"email": ANN}] == shop.listed()


def test_a_column_that_is_new_in_the_mapping_is_added(shop: Shop) -> None:
    """Rows that stand there keep what they had; columns that went from the mapping stay."""
    shop.audience = audience(("NAME",))
    shop.push("add", row(ANN, NAME="Ann"))
    shop.audience = audience(("N", "50 off"))
    shop.push("add", row(BOB, N=2, **{"50 off": "yes"}))
    assert [{"email": ANN}, {"email": BOB}] == shop.listed()


def test_a_field_with_a_percent_sign_is_refused(shop: Shop) -> None:
    """PyMySQL would write it twice; the config says so before anything is sent."""
    shop.audience = audience(("50% off",))
    with pytest.raises(ConfigError, match="holds %"):
        shop.push("add", row(ANN))


def test_create_false_makes_nothing(shop: Shop) -> None:
    """A table or a column that is not there is told, by name."""
    shop.audience = audience(("NAME",), create=False)
    with pytest.raises(StopConnection, match="vip: there is no such table"):
        shop.push("add", row(ANN))
    shop.do("create table vip (email varchar(255) primary key)")
    with pytest.raises(StopConnection, match='no column "NAME"'):
        shop.push("add", row(ANN))


def test_a_table_without_a_key_is_told_and_not_written_twice(shop: Shop) -> None:
    """Where the match columns are not unique, an upsert would double people: it stops."""
    shop.do("create table vip (email varchar(255))")
    shop.audience = audience(())
    with pytest.raises(StopConnection, match="email is not its key"):
        shop.push("add", row(ANN))
    assert [(0,)] == shop.do("select count(*) from vip")


def test_a_constraint_of_theirs_halves_the_batch(shop: Shop) -> None:
    """Nothing of the batch is written; alone, the row is rejected with the database's code, without its value."""
    shop.do("create table vip (email varchar(255) primary key, NAME varchar(255) not null)".replace(
        "NAME", "NAME" if shop.engine.dialect.name == "mysql" else '"NAME"'))  # fmt: skip
    shop.audience = audience(("NAME",))
    assert isinstance(shop.push("add", row(ANN, NAME="Ann"), row(BOB)), NotApplied)
    assert [] == shop.listed()
    alone = shop.push("add", row(BOB))
    assert isinstance(alone, NotApplied)
    assert [(0, "rejected")] == [(each.index, each.outcome) for each in alone.blamed]
    assert BOB not in str(alone)


def test_nothing_but_the_table_is_touched(shop: Shop) -> None:
    """Names are quoted: a table with an odd name is one table, and others stay as they were."""
    shop.do("insert into others values (7)")
    shop.audience = audience(("NAME",), table='vip"; drop table others; --')
    try:
        shop.push("add", row(ANN, NAME="'); drop table others; --"))
        assert [{"email": ANN}] == shop.listed()
    finally:
        with closing(shop.engine.raw_connection()) as raw:
            mark = "`" if shop.engine.dialect.name == "mysql" else '"'
            odd = 'vip"; drop table others; --'.replace(mark, mark * 2)
            raw.cursor().execute(f"drop table {mark}{odd}{mark}")
            raw.commit()
    assert [(7,)] == shop.do("select id from others")


def test_addresses_that_differ_in_case_are_two(shop: Shop) -> None:
    """Keys are compared byte by byte, in MariaDB too."""
    shop.push("add", row("a@shop.example"), row("A@shop.example"), row("ä@shop.example"))
    shop.push("remove", row("A@shop.example"))
    assert [{"email": "a@shop.example"}, {"email": "ä@shop.example"}] == shop.listed()


def test_a_database_that_is_not_there_is_told_without_the_password(tmp_path: Path) -> None:
    """Its address and password are in no error; a SQLite file is never made."""
    for url in ("postgresql://hub:hidden@127.0.0.1:1/shop", f"sqlite:///{tmp_path}/nowhere.db"):
        made = Shop(url, create_engine("sqlite://"))
        with pytest.raises(HubError) as told:
            made.push("add", row(ANN))
        assert "hidden" not in str(told.value)
        assert ["error"] == [fact.level for fact in made.tool.check()]
    assert [] == list(tmp_path.iterdir())


def test_other_databases_are_refused() -> None:
    """DuckDB is only read."""
    with pytest.raises(ConfigError, match="duckdb"):
        Shop("duckdb:///marts.duckdb", create_engine("sqlite://")).push("add", row(ANN))
