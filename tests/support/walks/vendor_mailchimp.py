"""A list at Mailchimp, as far as it is hard to write.

Facts: the batch call answers 200 with `errors[]` that name the address, in no order;
who opted out is in a compliance state and stays there; a tag silently ignores addresses that are not on the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.sdk.records import Json
from tests.support.walks.accounts import Accounts
from tests.support.walks.vendor import Vendor


@dataclass
class MailingList(Vendor):
    """The vendor. Addresses are kept in lower case; `opted_out` may not be subscribed."""

    members: dict[str, dict[str, Json]] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)

    def post_members(self, rows: Mapping[str, Mapping[str, Json]]) -> Mapping[str, str]:
        """Write members; return address (in upper case, as it may come) -> error."""

        def work() -> Mapping[str, str]:
            refused = {key: "Member In Compliance State" for key in rows if key in self.opted_out}
            refused |= {key: "looks fake or invalid" for key in rows if "fake" in key}
            for key in rows.keys() - refused.keys():
                self.members.setdefault(key, {}).update(rows[key])
            return {key.upper(): refused[key] for key in sorted(refused, reverse=True)}

        return self.serve("members", len(rows), work)

    def post_tag(self, tag: str, add: Sequence[str], remove: Sequence[str]) -> Sequence[str]:
        """Tag and untag members; return those for whom that was done."""

        def work() -> Sequence[str]:
            carriers = self.tags.setdefault(tag, set())
            carriers |= set(add) & self.members.keys()
            carriers -= set(remove)
            return sorted({*add, *remove} & self.members.keys())

        return self.serve("tag", len(add) + len(remove), work)


LISTS = Accounts(MailingList)
