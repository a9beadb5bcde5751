"""Make the data that the benchmarks run on: a shop's customers and orders as CSV, any size, the same for one seed.

    python -m benchmarks.generate FOLDER --customers 1000000 --orders 5000000

What makes it like a real export: people who signed up twice (3 % share an address or a number with another record, so
that there is something to link; two cards among them forbid it), addresses in mixed case, numbers with blanks and, for
one in a hundred, without a country code, orders spread over three years with a few customers buying most, and one order
in two hundred exported twice, the second time with a newer status.
"""

import argparse
from pathlib import Path

import duckdb

AS_OF = "2026-01-01"  # nothing in the data is later
YEARS = 3

_NAMES = "['Ada','Ben','Cleo','Dara','Emil','Fay','Gus','Hana','Ivo','Jun','Kim','Lea','Mads','Nora','Omar','Pia']"
_SURNAMES = "['Ahmed','Berg','Costa','Dupont','Eriksen','Fischer','Garcia','Haas','Ivanov','Jansen','Kaya','Lund']"
_CITIES = "['Berlin','Hamburg','München','Köln','Leipzig','Wien','Graz','Zürich','Basel','Paris','Lyon','Lille']"
_COUNTRIES = "['DE','DE','DE','DE','DE','AT','AT','CH','CH','FR','FR','FR']"
_STATUSES = "['paid','paid','paid','paid','paid','paid','paid','paid','paid','cancelled']"


def generate(folder: Path, customers: int, orders: int, seed: int = 1) -> None:
    """Write customers.csv and orders.csv, and the two files of a 1 % change with the suffix `.later` beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute(f"create macro draw(i, salt, n) as hash(i, salt, {seed}) % n").fetchall()
    _make_customers(con, customers)
    _make_orders(con, customers, orders)
    changed = f"draw(number, 90, 100) = 0 and number < {customers}"
    later = "* exclude (number) replace ('Neustadt' as city, updated_at + interval '900 days' as updated_at)"
    _write(con, "select * exclude (number) from customers order by number", folder / "customers.csv")
    _write(con, f"select {later} from customers where {changed}", folder / "customers-1.csv.later")
    _write(con, "select * exclude (number) from orders", folder / "orders.csv")
    _write(con, _later_orders(customers, orders, changed), folder / "orders-1.csv.later")
    con.close()


def _make_customers(con: duckdb.DuckDBPyConnection, customers: int) -> None:
    """Three in a hundred are the customer before them, signed up again with the same address or the same number."""
    con.execute(f"""
        create table customers as
        with base as (
            select i as number, case when i % 2 = 1 and draw(i, 1, 100) < 6 then i - 1 else i end as self,
                   draw(i, 2, 2) = 0 as by_email
            from range({customers}) t(i)),
        drawn as (
            select *, case when by_email then self else number end as email_of,
                   case when by_email then number else self end as phone_of,
                   1 + cast(draw(number, 5, 12) as integer) as place
            from base)
        select number, 'C' || lpad(cast(number as varchar), 9, '0') as customer_id,
               {_email("email_of", "number")} as email, {_phone("phone_of", "number")} as phone,
               {_card("number", "self")} as card,
               {_NAMES}[1 + cast(draw(number, 3, 16) as integer)] as first_name,
               {_SURNAMES}[1 + cast(draw(number, 4, 12) as integer)] as last_name,
               {_CITIES}[place] as city, {_COUNTRIES}[place] as country,
               timestamp '2022-12-01' + interval 1 minute * cast(draw(number, 6, 40000) as integer) as created_at,
               timestamp '2023-01-01' + interval 1 minute * cast(draw(number, 7, 40000) as integer) as updated_at
        from drawn""").fetchall()


def _email(person: str, record: str) -> str:
    plain = f"'person.' || {person} || '@mail' || draw({person}, 8, 40) || '.example.com'"
    return f"case when draw({record}, 9, 25) = 0 then upper({plain}) else {plain} end"


def _phone(person: str, record: str) -> str:
    """Numbers of the German block 0154, which is not given out."""
    digits = f"lpad(cast({person} as varchar), 8, '0')"
    return f"""case draw({record}, 10, 100) when 0 then '0154 ' || {digits}
        when 1 then '+49 (154) ' || {digits} when 2 then '+49-154-' || {digits} else '+49154' || {digits} end"""


def _card(record: str, person: str) -> str:
    """Two of three have a loyalty card; of those who signed up twice, some use the same one, and a few have two."""
    return f"""case when {record} <> {person} and draw({record}, 11, 10) = 0 then 'K' || {record}
        when {record} <> {person} and draw({record}, 11, 10) < 6 then null
        when draw({person}, 12, 3) > 0 then 'K' || {person} end"""


def _make_orders(con: duckdb.DuckDBPyConnection, customers: int, orders: int) -> None:
    """Customers by the square of an even draw: a tenth of them make a third of the orders, some none."""
    minutes = YEARS * 365 * 1440
    con.execute(f"""
        create table orders as
        with drawn as (
            select i as number, 'O' || lpad(cast(i as varchar), 10, '0') as order_id,
                   power(draw(i, 20, 1000000007) / 1000000007.0, 2) as share,
                   timestamp '{AS_OF}' - interval 1 minute * cast(1440 + draw(i, 21, {minutes}) as integer)
                       as placed_at,
                   cast(5 + draw(i, 22, 20000) / 100.0 as decimal(18, 2)) as total,
                   {_STATUSES}[1 + cast(draw(i, 23, 10) as integer)] as status,
                   'store-' || draw(i, 24, 25) as store,
                   case when draw(i, 25, 6) = 0 then 'WELCOME' || draw(i, 26, 9) end as coupon
            from range({orders}) t(i)),
        once as (
            select number, order_id, 'C' || lpad(cast(cast(floor(share * {customers}) as bigint) as varchar), 9, '0')
                   as customer_id, placed_at, status, store, total, coupon, placed_at as updated_at
            from drawn)
        select * from once
        union all
        select * replace ('refund' as status, updated_at + interval '2 days' as updated_at)
        from once where draw(number, 27, 200) = 0""").fetchall()


def _later_orders(customers: int, orders: int, changed: str) -> str:
    """Each changed customer orders once more, at noon of the last day."""
    return f"""
        select 'O' || lpad(cast({orders} + number as varchar), 10, '0') as order_id, customer_id,
               timestamp '{AS_OF}' - interval '12 hours' as placed_at, 'paid' as status, 'store-1' as store,
               cast(25 as decimal(18, 2)) as total, null as coupon, timestamp '{AS_OF}' as updated_at
        from (select number, customer_id from customers where {changed} and number < {customers})"""


def _write(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    con.execute(f"copy ({sql}) to '{path}' (header, delimiter ',')").fetchall()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    generate(asked.folder, asked.customers, asked.orders, asked.seed)


if __name__ == "__main__":
    main()
