import shutil
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from hub.project import Project
from hub.report import RunReport, RunRequest
from tests.support.acceptance import Shop, reconciles, run_once

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
NEWER, OLDER = "online_retail_1.parquet", "online_retail_2_y0910.parquet"

pytestmark = pytest.mark.skipif(
    not ((DATA / NEWER).exists() and (DATA / OLDER).exists()),
    reason="the files of UCI Online Retail are not in ../shared/data",
)

# The same questions, asked without the hub: prices as exact decimals, an invoice that both files hold counted once.
PLAIN = """
create table newer as
select InvoiceNo as invoice, cast(Quantity as bigint) as quantity, cast(UnitPrice as decimal(18, 4)) as price,
       InvoiceDate as happened, cast(CustomerID as bigint) as customer
from read_parquet('{newer}');
create table older as
select Invoice as invoice, cast(Quantity as bigint) as quantity, cast(Price as decimal(18, 4)) as price,
       cast(InvoiceDate as timestamp) as happened, cast("Customer ID" as bigint) as customer
from read_parquet('{older}');
create table lines as
select * from newer union all select * from older where invoice not in (select invoice from newer)
"""
INVOICES = "select invoice, sum(quantity * price) as total, max(customer) as customer from {table} group by invoice"
MONEY = """
select p.value, t.monetary_total from person t
join identifiers p on p.profile_id = t.profile_id and p.namespace = 'customer@retail'"""


@pytest.fixture(scope="module")
def plain() -> Iterator[duckdb.DuckDBPyConnection]:
    """Both files as plain tables."""
    connection = duckdb.connect()
    for statement in PLAIN.format(newer=DATA / NEWER, older=DATA / OLDER).split(";"):
        connection.execute(statement).fetchall()
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, RunReport]]:
    """The example as a user makes it, after one run."""
    shop = Shop(tmp_path_factory.mktemp("retail"))
    shutil.copytree(ROOT / "examples" / "online_retail" / "config", shop.root / "config")
    (shop.root / "input").symlink_to(DATA)
    with shop.open() as project:
        request = RunRequest(until="segment", as_of=datetime(2011, 12, 10))  # noqa: DTZ001 - the shop's time zone
        yield project, run_once(project, request)


def test_every_line_is_accounted_for(ran: tuple[Project, RunReport], plain: duckdb.DuckDBPyConnection) -> None:
    """Every line of both files landed or is in quarantine; of a file of customers, every line with a customer."""
    _, report = ran
    older, newer = (
        plain.execute(f"select count(*), count(customer) from {t}").fetchall()[0] for t in ("older", "newer")
    )
    assert report.status == "green"
    assert reconciles(report.streams)
    assert [("orders", older[0]), ("orders", newer[0]), ("people", older[1]), ("people", newer[1])] == [
        (stream.stream, stream.read) for stream in report.streams
    ]
    assert [0, 0, 0, 0] == [stream.quarantined for stream in report.streams]


def test_invoices_of_both_files_agree(plain: duckdb.DuckDBPyConnection) -> None:
    """What stands in both files is the same in both: to count it once loses nothing."""
    shared = "in (select invoice from newer intersect select invoice from older)"
    facts = "invoice, sum(quantity * price), count(*), min(happened), max(happened), max(customer)"
    query = f"select {facts} from {{}} where invoice {shared} group by 1 order by 1"
    older, newer = (plain.execute(query.format(table)).fetchall() for table in ("older", "newer"))
    assert 1_088 == len(older)
    assert older == newer


def test_orders_are_invoices(ran: tuple[Project, RunReport], plain: duckdb.DuckDBPyConnection) -> None:
    """Each invoice is one order with its exact total, in both files or in one, with a customer or without."""
    expected = dict(plain.execute(f"select invoice, total from ({INVOICES.format(table='lines')})").fetchall())
    actual = ran[0].engine.run("select order_id, total from current_orders where not _deleted")
    assert len(expected) > 53_000
    assert expected == dict(actual)  # type: ignore[arg-type]


def test_revenue_per_customer(ran: tuple[Project, RunReport], plain: duckdb.DuckDBPyConnection) -> None:
    """What each customer spent, goods sent back taken off, agrees to the cent, and to a hundredth of it."""
    invoices = INVOICES.format(table="lines")
    query = f"select cast(customer as varchar), sum(total) from ({invoices}) where customer is not null group by 1"
    expected: dict[str, Decimal] = dict(plain.execute(query).fetchall())
    assert expected == {customer: Decimal(str(total)) for customer, total in ran[0].engine.run(MONEY)}


def test_customers_are_counted(ran: tuple[Project, RunReport], plain: duckdb.DuckDBPyConnection) -> None:
    """There is one profile per customer number, and no other."""
    customers = plain.execute("select count(distinct customer) from lines").fetchall()[0][0]
    assert (customers, customers) == (ran[1].profiles, ran[1].known)


def test_orders_without_customer_belong_to_nobody(
    ran: tuple[Project, RunReport], plain: duckdb.DuckDBPyConnection
) -> None:
    """Invoices without a customer number landed, count as orders of the shop, and are in no profile."""
    query = f"select count(*), sum(total) from ({INVOICES.format(table='lines')}) where customer is null"
    expected = plain.execute(query).fetchall()
    actual = ran[0].engine.run("select count(*), sum(total) from current_orders where _node is null")
    assert expected[0][0] > 4_000
    assert expected == actual


def test_cancellations_are_refunds(ran: tuple[Project, RunReport], plain: duckdb.DuckDBPyConnection) -> None:
    """A `C` invoice takes money off and is no order; all others of a customer are."""
    query = f"""
        select cast(customer as varchar), count(*) filter (where invoice not like 'C%'),
               -sum(total) filter (where invoice like 'C%')
        from ({INVOICES.format(table="lines")}) where customer is not null group by 1 order by 1"""
    actual = ran[0].engine.run("""
        select i.value, p.orders, cast(p.returned_total as decimal(18, 4)) from person p
        join identifiers i on i.profile_id = p.profile_id and i.namespace = 'customer@retail' order by 1""")
    assert plain.execute(query).fetchall() == actual


def test_segments_hold_people(ran: tuple[Project, RunReport]) -> None:
    """Every segment of the example finds somebody, but not everybody."""
    report = ran[1]
    assert all(0 < segment.size < report.profiles for segment in report.segments)
    assert report.warnings == []
