"""Deleting people for good."""

from hub.sdk.sandbox import Fault
from hub_mailchimp.sandbox import MailchimpSandbox
from hub_mailchimp.sandbox.lists import digest
from tests.support.mailchimp import destination, row

ADA, BEA = "ada@shop.example", "bea@shop.example"


def test_people_are_deleted_for_good_and_not_archived() -> None:
    """Who is erased is on no list and cannot be imported again; who was never there counts as absent too."""
    with MailchimpSandbox() as box:
        box.add(ADA)
        verdicts = destination(box).erase([row(ADA), row(BEA)])
        assert [verdict.outcome for verdict in verdicts] == ["absent", "absent"]
        assert box.members() == {}
        assert digest(ADA) in box.default.forgotten


def test_an_erasure_without_an_answer_is_unknown() -> None:
    """A lost answer is no proof; asked once more, the person is gone."""
    with MailchimpSandbox() as box:
        box.add(ADA)
        box.faults.add(Fault(kind="reset_after", method="POST", path="*/actions/delete-permanent"))
        assert [verdict.outcome for verdict in destination(box).erase([row(ADA)])] == ["unknown"]
        assert [verdict.outcome for verdict in destination(box).erase([row(ADA)])] == ["absent"]
