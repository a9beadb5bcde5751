"""Example does what every source must do."""

from hub.scaffold.source.sandbox import ExampleSandbox
from hub.scaffold.source.source import ExampleSource
from hub.testing import source_suite

TestExampleSource = source_suite(ExampleSource, sandbox=ExampleSandbox)
