"""Stripe does what every source must do."""

from hub.testing import source_suite
from hub_stripe.sandbox import StripeSandbox
from hub_stripe.source import StripeSource

TestStripeSource = source_suite(StripeSource, sandbox=StripeSandbox)
