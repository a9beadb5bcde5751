"""The floor: one script for one shop that does by hand what the hub does for any.

    python -m benchmarks.floor FOLDER WORK

Reads the two CSV files typed, writes what it read as Parquet, keeps the newest row of each key, links customers by
e-mail, phone and card (two cards never become one person), and leaves profiles with traits, RFM fifths, ten segments
and the lifecycle stage in a DuckDB file. It knows its columns, keeps no history of what was there before and can do
nothing else; everything it does, it does the quick way that we know.
"""

import argparse
import json
from pathlib import Path

import duckdb
import numpy as np
import phonenumbers
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.generate import AS_OF

_CUSTOMERS = """{'customer_id': 'VARCHAR', 'email': 'VARCHAR', 'phone': 'VARCHAR', 'card': 'VARCHAR',
    'first_name': 'VARCHAR', 'last_name': 'VARCHAR', 'city': 'VARCHAR', 'country': 'VARCHAR',
    'created_at': 'TIMESTAMP', 'updated_at': 'TIMESTAMP'}"""
_ORDERS = """{'order_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'placed_at': 'TIMESTAMP', 'status': 'VARCHAR',
    'store': 'VARCHAR', 'total': 'DECIMAL(18, 4)', 'coupon': 'VARCHAR', 'updated_at': 'TIMESTAMP'}"""
_PLACEHOLDERS = "('', '0', '-', 'n/a', 'na', 'null', 'none', 'unknown', 'anonymous', 'guest', 'test')"


def run(folder: Path, work: Path) -> dict[str, int]:
    """Do everything; returns the number of people under `profiles`, and in each segment."""
    work.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(str(work / "floor.duckdb"))
    for setting in ("memory_limit = '2500MB'", "preserve_insertion_order = false"):
        con.execute(f"set {setting}").fetchall()
    _read(con, folder, work)
    _normalise(con)
    _link(con)
    for statement in (*_PROFILES, *_TRAITS, *_SEGMENTS):
        con.execute(statement).fetchall()
    sizes = dict(con.execute("select name, count(*) from memberships where kind = 'segment' group by name").fetchall())
    people = con.execute("select count(*) from profiles").fetchall()[0][0]
    con.close()
    return {"profiles": people, **sizes}


def _read(con: duckdb.DuckDBPyConnection, folder: Path, work: Path) -> None:
    for name, key, columns in (("customers", "customer_id", _CUSTOMERS), ("orders", "order_id", _ORDERS)):
        file, parquet = folder / f"{name}.csv", work / f"{name}.parquet"
        con.execute(
            f"create temp table {name} as from read_csv('{file}', header = true, columns = {columns})"
        ).fetchall()
        con.execute(f"copy {name} to '{parquet}' (format parquet, compression zstd, compression_level 1)").fetchall()
        _keep_newest(con, name, key)


def _keep_newest(con: duckdb.DuckDBPyConnection, name: str, key: str) -> None:
    """Few keys repeat, so only those are ordered."""
    repeated = f"select {key} from {name} group by {key} having count(*) > 1"
    con.execute(f"create temp table repeated as {repeated}").fetchall()
    con.execute(f"""
        create temp table winners as select * from {name} where {key} in (from repeated)
        qualify row_number() over (partition by {key} order by updated_at desc) = 1""").fetchall()
    con.execute(f"delete from {name} where {key} in (from repeated)").fetchall()
    con.execute(f"insert into {name} from winners").fetchall()
    con.execute("drop table repeated").fetchall()
    con.execute("drop table winners").fetchall()


def _normalise(con: duckdb.DuckDBPyConnection) -> None:
    """Number the customers, and bring addresses and numbers into one form; the library judges the odd numbers."""
    con.execute("""
        create temp table people as
        select row_number() over () - 1 as id, * replace (
            lower(trim(email)) as email, regexp_replace(phone, '[ ().-]', '', 'g') as phone)
        from customers""").fetchall()
    odd = con.sql(r"select distinct phone from people where not regexp_full_match(phone, '\+[1-9][0-9]{7,14}')")
    pairs = [(value, _parsed(value)) for (value,) in odd.fetchall()]
    mended = pa.table({"value": [pair[0] for pair in pairs], "mended": [pair[1] for pair in pairs]})
    con.register("mended", mended)
    con.execute("update people set phone = m.mended from mended m where phone = m.value").fetchall()


def _parsed(value: str) -> str | None:
    number = phonenumbers.parse(value, "DE")
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _link(con: duckdb.DuckDBPyConnection) -> None:
    """Connected components over the values that two records share, unless they stand beside two cards."""
    con.execute(f"""
        create temp table shared as
        with pairs as (
            select id, 'email' as kind, email as value from people where lower(email) not in {_PLACEHOLDERS}
            union all select id, 'phone', phone from people where lower(phone) not in {_PLACEHOLDERS}
            union all select id, 'card', card from people where lower(card) not in {_PLACEHOLDERS})
        select p.* from pairs p
        join (select kind, value from pairs group by all having count(*) > 1) using (kind, value)""").fetchall()
    _solve(con, "by_card", "select id, kind, value from shared where kind = 'card'")
    _solve(con, "parts", """
        select s.id, s.kind, s.value from shared s anti join (
            select kind, value from shared s join by_card b using (id) join people p using (id)
            where kind <> 'card' and card is not null group by all having count(distinct b.part) > 1
        ) c using (kind, value)""")  # fmt: skip
    crowded = con.sql("""
        select part from parts join people using (id) group by part
        having count(distinct email) > 5 or count(distinct phone) > 3 or count(distinct card) > 1""")
    if crowded.fetchall():
        raise SystemExit("the generated data has no such people")


def _solve(con: duckdb.DuckDBPyConnection, into: str, pairs: str) -> None:
    edges = f"select id as a, min(id) over (partition by kind, value) as b from ({pairs})"
    found = con.sql(f"from ({edges}) where a <> b").to_arrow_table()
    total = con.sql("select count(*) from people").fetchall()[0][0]
    ends = (found["a"].to_numpy(), found["b"].to_numpy())
    graph = coo_array((np.ones(len(found), dtype=np.int8), ends), shape=(total, total))
    labels = connected_components(graph, directed=False)[1]
    con.register("solved", pa.table({"id": np.arange(total), "part": labels.astype(np.int32)}))
    con.execute(f"create temp table {into} as from solved").fetchall()


_NEWEST = ", ".join(
    f"arg_max({name}, updated_at) filter (where {name} is not null) as {name}"
    for name in ("first_name", "last_name", "city", "country", "created_at")
)

_PROFILES = (
    """create temp table named as
       select part, substr(sha256('secret' || min(customer_id)), 1, 20) as profile_id
       from parts join people using (id) group by part""",
    """create table identity as
       select customer_id, part, profile_id, email, phone, card
       from people join parts using (id) join named using (part)""",
    f"""create temp table attributes as
        with several as (select part from parts group by part having count(*) > 1)
        select part, first_name, last_name, city, country, created_at
        from people join parts using (id) where part not in (from several)
        union all
        select part, {_NEWEST} from people join parts using (id) where part in (from several) group by part""",
)

_BOUGHT = "status is null or status not in ('cancelled', 'refund')"
_SEEN = f"placed_at <= timestamp '{AS_OF}'"

_TRAITS = (
    f"""create temp table mine as
        select part, placed_at, status, store, total, coupon, ({_BOUGHT}) as bought
        from orders join identity using (customer_id) where {_SEEN}""",
    f"""create temp table sums as
        select part, count(*) filter (where bought) as orders,
               sum(total) filter (where status is null or status <> 'cancelled') as monetary_total,
               min(placed_at) filter (where bought) as first_order_at,
               max(placed_at) filter (where bought) as last_order_at,
               count(coupon) filter (where bought) as orders_with_coupon,
               mode() within group (order by store) filter (where bought) as favourite_store,
               count(*) filter (where bought and placed_at > timestamp '{AS_OF}' - interval 365 days) as orders_365d,
               sum(total) filter (where placed_at > timestamp '{AS_OF}' - interval 90 days) as spend_90d,
               count(*) filter (where placed_at >= timestamp '{AS_OF}' - interval 84 days) as orders_84d,
               count(*) filter (where placed_at >= timestamp '{AS_OF}' - interval 60 days) as orders_60d
        from mine group by part""",
    """create temp table gaps as
       select part, median(gap) as median_gap_days from (
           select part, day - lag(day) over (partition by part order by day) as gap
           from (select distinct part, cast(placed_at as date) as day from mine where bought))
       where gap is not null group by part""",
    f"""create temp table computed as
        select n.profile_id, a.*, s.* exclude (part, orders, monetary_total), g.median_gap_days,
               coalesce(s.orders, 0) as orders, coalesce(s.monetary_total, 0) as monetary_total,
               cast(monetary_total as double) / nullif(s.orders, 0) as average_order,
               date_diff('day', cast(last_order_at as date), date '{AS_OF}') as days_since_order,
               date_diff('day', cast(first_order_at as date), date '{AS_OF}') as days_as_customer
        from named n join attributes a using (part) left join sums s using (part) left join gaps g using (part)""",
)


def _fifth(value: str) -> str:
    """Groups by the values at which each fifth of the buyers ends."""
    cuts = f"(select quantile_disc({value}, [0.2, 0.4, 0.6, 0.8]) from computed where orders >= 1)"
    steps = " + ".join(f"cast({value} > {cuts}[{k}] as integer)" for k in range(1, 5))
    return f"case when orders >= 1 then 1 + {steps} end"


_GROUP = """case
    when r = 5 and m >= 4 then 'champion' when r >= 3 and m >= 4 then 'loyal'
    when r >= 4 and m between 2 and 3 then 'potential_loyalist' when r = 5 and m <= 1 then 'new_customer'
    when r = 4 and m <= 1 then 'promising' when r = 3 and m = 3 then 'needs_attention'
    when r = 3 and m <= 2 then 'about_to_sleep' when r = 1 and m = 5 then 'cannot_lose'
    when r <= 2 and m >= 3 then 'at_risk' when r = 2 and m <= 2 then 'hibernating'
    when r = 1 and m <= 2 then 'lost' end"""

_STAGE = """case
    when orders >= 1 and days_since_order > 4 * greatest(coalesce(median_gap_days, 90), 14) then 'lost'
    when orders >= 1 and days_since_order > 2 * greatest(coalesce(median_gap_days, 90), 14) then 'lapsing'
    when orders >= 2 then 'retention' when orders = 1 then 'purchase' else 'consideration' end"""

_RULES = {
    "champions": "orders >= 1 and rfm_group = 'champion'",
    "at_risk": "orders >= 1 and rfm_group in ('at_risk', 'cannot_lose')",
    "lapsing_high_value": (
        "orders >= 2 and monetary_score >= 4 and days_since_order > 2 * coalesce(median_gap_days, 90)"
    ),
    "new_customers": "orders >= 1 and days_as_customer <= 56",
    "needs_second_order": "orders = 1 and days_since_order between 14 and 180",
    "monthly_buyers": "orders_84d >= 3",
    "big_baskets": "coalesce(average_order, 0) > 150",
    "coupon_hunters": "orders >= 3 and orders_with_coupon * 2 >= orders",
    "austria_and_switzerland": "country in ('AT', 'CH') and spend_90d > 0",
    "regulars_of_a_store": "orders_365d >= 4 and favourite_store in ('store-1', 'store-2', 'store-3')",
}

_SEGMENTS = (
    f"""create table profiles as
        select *, {_GROUP} as rfm_group, {_STAGE} as stage from (
            select * exclude (part), recency_score as r, round((frequency_score + monetary_score) / 2.0) as m from (
                select *, {_fifth("-days_since_order")} as recency_score, {_fifth("orders")} as frequency_score,
                       {_fifth("monetary_total")} as monetary_score from computed))""",
    f"""create table memberships as
        select kind, name, profile_id, timestamp '{AS_OF}' as entered_at, cast(null as timestamp) as left_at from (
            {" union all ".join(f"select 'segment' as kind, '{name}' as name, profile_id from profiles where {rule}"
                                for name, rule in _RULES.items())}
            union all select 'stage', stage, profile_id from profiles)""",
)  # fmt: skip


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("work", type=Path)
    asked = parser.parse_args()
    print(json.dumps(run(asked.folder, asked.work)))


if __name__ == "__main__":
    main()
