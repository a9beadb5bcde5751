"""Typeform does what every source must do."""

from hub.testing import source_suite
from hub_typeform.sandbox import TypeformSandbox
from hub_typeform.source import TypeformSource

UNCHANGED = "a response never changes; test_typeform_answers.py sends such texts in new ones"
TestTypeformSource = source_suite(
    TypeformSource,
    sandbox=TypeformSandbox,
    without={
        "text_arrives_whole": UNCHANGED,
        "broken_text_costs_at_most_its_record": UNCHANGED,
    },
)
