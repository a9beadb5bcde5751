"""Typeform does what every source must do."""

from hub.testing import source_suite
from hub_typeform.sandbox import TypeformSandbox
from hub_typeform.source import TypeformSource

TestTypeformSource = source_suite(TypeformSource, sandbox=TypeformSandbox)
