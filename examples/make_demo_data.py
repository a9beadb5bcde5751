"""Rebuild the demo's data files from the Complete Journey originals.

    python examples/make_demo_data.py FOLDER [OUT]

FOLDER holds the tables of the R package completejourney (84.51°, CC0) as Parquet: transactions_sample, demographics,
products, campaigns, campaign_descriptions, coupon_redemptions. OUT is hub/demo/data by default. The same input gives
the same bytes: rows are sorted, and gzip gets no time stamp.

E-mail addresses and consents do not exist in the originals. They are made here, from the household number alone, and
each row of theirs says `synthetic`.
"""

import gzip
import sys
import tempfile
from pathlib import Path

import duckdb

OUT = Path(__file__).parent.parent / "hub" / "demo" / "data"

TRANSACTIONS = """
select t.household_id, t.store_id, t.basket_id, t.product_id, p.department, p.product_category,
       t.quantity::bigint as quantity, t.sales_value::decimal(10, 2) as sales_value,
       t.retail_disc::decimal(10, 2) as retail_disc, t.coupon_disc::decimal(10, 2) as coupon_disc,
       strftime(t.transaction_timestamp, '%Y-%m-%d %H:%M:%S') as transaction_timestamp
from transactions_sample t left join products p using (product_id)
order by t.transaction_timestamp, t.basket_id, t.product_id
"""

PRODUCTS = """
select product_id, manufacturer_id, department, brand, product_category, product_type, package_size
from products where product_id in (select product_id from transactions_sample) order by product_id::bigint
"""

HOUSEHOLDS = """
with everyone as (
    select household_id from transactions_sample
    union select household_id from demographics
    union select household_id from campaigns
    union select household_id from coupon_redemptions
)
select household_id, 'household-' || household_id || '@shop.example' as email, 'synthetic' as source
from everyone order by household_id::bigint
"""

# Seven in ten said yes, about one in seven said no, the others were never asked: silence is not consent.
CONSENTS = """
with draw as (select household_id, ('0x' || md5('consent ' || household_id)[1:4])::int % 100 as dice from households)
select household_id, 'email' as channel, 'marketing' as purpose,
       case when dice < 70 then 'granted' else 'denied' end as state,
       '2016-12-15 12:00:00' as occurred_at, 'synthetic' as source
from draw where dice < 85 order by household_id::bigint
"""

COUPONS = """
select household_id, coupon_upc, campaign_id, redemption_date
from coupon_redemptions order by redemption_date, household_id::bigint, campaign_id::bigint, coupon_upc
"""

MAILINGS = """
select c.campaign_id, c.household_id, d.start_date as sent_on
from campaigns c join campaign_descriptions d using (campaign_id)
order by sent_on, c.campaign_id::bigint, household_id::bigint
"""

FILES = {
    "households.csv": HOUSEHOLDS,
    "transactions.csv.gz": TRANSACTIONS,
    "products.csv.gz": PRODUCTS,
    "demographics.csv": "select * from demographics order by household_id::bigint",
    "consents.csv": CONSENTS,
    "campaigns.csv": "select * from campaign_descriptions order by campaign_id::bigint",
    "mailings.csv.gz": MAILINGS,
    "coupon_redemptions.csv": COUPONS,
}

TABLES = ("transactions_sample", "demographics", "products", "campaigns", "campaign_descriptions", "coupon_redemptions")


def connect(originals: Path) -> duckdb.DuckDBPyConnection:
    """Open the original tables as views, and the made-up households beside them."""
    connection = duckdb.connect()
    for table in TABLES:
        connection.read_parquet(str(originals / f"{table}.parquet")).create_view(table)
    connection.execute(f"create table households as {HOUSEHOLDS}").fetchall()
    return connection


def write(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Write the rows of `query` as CSV, compressed when the name ends so; return the size in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.csv"
        connection.sql(query).write_csv(str(plain))
        content = plain.read_bytes()
    target.write_bytes(gzip.compress(content, mtime=0) if target.suffix == ".gz" else content)
    return target.stat().st_size


def main() -> None:
    """Make every file and print its size."""
    if len(sys.argv) < 2:  # noqa: PLR2004 - the program's own name and the folder
        sys.exit(__doc__)
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else OUT  # noqa: PLR2004 - as above
    out.mkdir(parents=True, exist_ok=True)
    connection = connect(Path(sys.argv[1]))
    sizes = {name: write(connection, query, out / name) for name, query in FILES.items()}
    for name, size in sizes.items():
        print(f"{size:>10,}  {name}")
    print(f"{sum(sizes.values()):>10,}  in all")


if __name__ == "__main__":
    main()
