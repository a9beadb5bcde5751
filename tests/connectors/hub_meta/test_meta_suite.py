"""The destination does what every destination must do."""

from hub.testing import destination_suite
from hub_meta.destination import MetaDestination
from hub_meta.sandbox import MetaSandbox

TestMetaDestination = destination_suite(
    MetaDestination,
    sandbox=MetaSandbox,
    without={"a_batch_of_refused_people_ends": "Meta refuses nobody by name: it counts entries that it cannot read"},
)
