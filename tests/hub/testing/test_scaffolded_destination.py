"""The connector that `hub new destination` begins with does what every destination must do."""

from hub.scaffold.destination.destination import ExampleDestination
from hub.scaffold.destination.sandbox import ExampleSandbox
from hub.testing import destination_suite

TestExampleDestination = destination_suite(ExampleDestination, sandbox=ExampleSandbox)
