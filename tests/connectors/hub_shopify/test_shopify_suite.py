"""Shopify does what every source must do."""

from hub.testing import source_suite
from hub_shopify.sandbox import ShopifySandbox
from hub_shopify.source import ShopifySource


class Roomy(ShopifySandbox):
    """A shop whose bucket of points never runs dry: test_shopify_client.py is about one that does."""

    bucket_size = 1_000_000
    restore_rate = 1_000_000


TestShopifySource = source_suite(
    ShopifySource,
    sandbox=Roomy,
    without={
        "a_value_of_another_type_costs_at_most_its_record": "a full read takes its records from files, which this fault"
        " leaves alone; test_shopify_values.py replaces every value of pages and of files"
    },
)
