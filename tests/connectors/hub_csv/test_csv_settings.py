"""Mistakes in a config file are found before any file is opened, with the nearest right word."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import hub_csv
from hub_csv.settings import CsvSourceSettings, Format
from tests.support.files import csv_source

GOOD: dict[str, Any] = {"stream": "orders", "files": "a.csv", "columns": {"order_id": "Receipt"}}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"stream": "all"}, "expected a stream"),
        ({"stream": "order"}, 'Did you mean "orders"'),
        ({"columns": {"order_id": "a", "totl": "b"}}, '"orders" has no column "totl". Did you mean "total"'),
        ({"columns": {}}, 'must give "order_id"'),
        ({"compute": {"order_id": "'x'"}}, "stands in columns and in compute"),
        ({"stream": "products", "columns": {"product_id": "a"}, "identifiers": {"email": "m"}}, "takes no identifiers"),
        ({"files": []}, "at least 1 item"),
        ({"format": {"decimal": ",", "thousands": ","}}, "must differ"),
        ({"format": {"timezone": "Berlin"}}, "IANA time zone"),
        ({"format": {"encoding": "klingon"}}, "encoding"),
        ({"format": {"delimiter": ";;"}}, "at most 1 character"),
        ({"where": "sum(x) > 1"}, "where: sum"),
        ({"compute": {"total": 'sum("x")'}}, "compute.total: sum.* needs group_by"),
    ],
)
def test_mistakes(keys: dict[str, Any], message: str) -> None:
    """Each mistake is told by what was expected."""
    with pytest.raises(ValidationError, match=message):
        CsvSourceSettings.model_validate(GOOD | keys)


@pytest.mark.parametrize(
    "sql",
    [
        "(select 1)",
        "exists (select 1)",
        '"a" in (select 1)',
        "read_text('/etc/passwd')",
        "getenv('HOME')",
        "1; drop table x",
        "",
        "select 1",
        "now()",
        "current_date",
        "random()",
        "row_number() over ()",
        "unnest([1])",
        "list_transform([1], x -> x)",
        '"t"."a"',
        "*",
        "$1",
        "as_number(1 + 1)",
        'as_numbr("a")',
        "current_setting('home_directory')",
        "query('select 1')",
        "sum(",
    ],
)  # fmt: skip
def test_sql_outside_the_list_is_refused(sql: str) -> None:
    """No sub-query, table function, setting, clock, window or second statement."""
    for key in ({"compute": {"total": sql}, "group_by": ["a"]}, {"where": sql}):
        with pytest.raises(ValidationError, match=r"compute.total|where"):
            CsvSourceSettings.model_validate(GOOD | key)


@pytest.mark.parametrize(
    "sql",
    [
        'sum("Sum") - coalesce(sum(as_number("Discount")), 0)',
        "max(case when \"Type\" = 'refund' then as_number(\"Sum\") else 0 end)",
        'count(distinct "Sku")',
        "sum(\"Qty\" * \"Price\") filter (where \"Kind\" in ('sale', 'return'))",
        "string_agg(\"Sku\", ',' order by \"Sku\")",
        "lower(trim(split_part(\"Name\", ',', 1)))",
        'try_cast("x" as decimal(18, 2))',
        "date_trunc('month', as_timestamp(\"Date\"))",
        "regexp_replace(\"x\", '[^0-9]', '', 'g')",
        "json_extract_string(\"x\", '$.a.b')",
        "md5(\"a\" || '-' || \"b\")",
        "max(as_timestamp(\"d\") + interval '1 day')",
    ],
)  # fmt: skip
def test_everyday_sql_is_allowed(sql: str) -> None:
    """What shops need to bend a file is on the list."""
    CsvSourceSettings.model_validate(GOOD | {"compute": {"status": sql}, "group_by": ["a"]})


def test_blanks_and_tabs_keep_their_meaning(tmp_path: Path) -> None:
    """A tab is a delimiter and a header may end in a blank: nothing is trimmed."""
    source = csv_source(tmp_path, **(GOOD | {"columns": {"order_id": "Receipt "}, "format": {"delimiter": "\t"}}))
    assert source.source.columns["order_id"] == "Receipt "
    assert source.source.format.delimiter == "\t"
    assert Format.model_validate({"thousands": " "}).thousands == " "


def test_the_example_of_the_readme_is_valid() -> None:
    """What the documentation shows can be copied."""
    readme = Path(hub_csv.__file__).with_name("README.md").read_text(encoding="utf-8")
    shown = readme.partition("```toml\n")[2].partition("```")[0]
    config = tomllib.loads(shown)
    assert CsvSourceSettings.model_validate(config["source"][0]).stream == "orders"
