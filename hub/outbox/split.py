"""Sticky splits: an arm per person and segment, the same in every tool and every run."""

from collections.abc import Mapping

from hub.settings.models import HOLDOUT

_DIGITS = 8  # hexadecimal digits of the hash that are compared


def arm_sql(split: Mapping[str, int], segment: str, person: str = "profile_id") -> str:
    """Return SQL that gives a person's arm, `null` where the segment is not split.

    A person keeps their arm as long as profile id, segment name and weights stay as they are.

    Args:
        split: arm -> weight, in the order of the config file.
        segment: name of the segment: the salt.
        person: the column that holds the profile id.
    """
    if not split:
        return "cast(null as varchar)"
    *head, last = split
    total, upto, whens = sum(split.values()), 0, []
    for arm in head:
        upto += split[arm]
        edge = format(upto * 16**_DIGITS // total, f"0{_DIGITS}x")
        whens.append(f"when substr(md5({person} || ':{segment}'), 1, {_DIGITS}) < '{edge}' then '{arm}'")
    return f"case {' '.join(whens)} else '{last}' end"


def holdout_sql(split: Mapping[str, int], segment: str, person: str = "profile_id") -> str:
    """Return SQL that is true for people who are sent nowhere, so that others can be compared with them."""
    return f"({arm_sql(split, segment, person)} = '{HOLDOUT}')" if HOLDOUT in split else "false"
