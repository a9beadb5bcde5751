from hub.store.control import Store
from tests.support.store import leased_store


def test_latest_approval_is_in_force(store: Store) -> None:
    """A second approval takes the place of the first; both stay in the audit."""
    store.approve("audience", "vip", "hash-1", who="ana")
    store.approve("audience", "vip", "hash-2", who="ben")
    approval = store.approval("audience", "vip")
    assert approval is not None
    assert (approval.config_hash, approval.who, approval.plan_uid) == ("hash-2", "ben", None)
    detail = [entry.detail for entry in store.audit(2)]
    assert [entry["config_hash"] for entry in detail if isinstance(entry, dict)] == ["hash-2", "hash-1"]


def test_kinds_of_approval_are_apart(store: Store) -> None:
    """Approving removals of one plan approves nothing else."""
    store.approve("removals", "vip", "hash-1", "plan-1", who="ana")
    assert store.approval("audience", "vip") is None
    removals = store.approval("removals", "vip")
    assert removals is not None
    assert removals.plan_uid == "plan-1"


def test_revoked_approval_is_gone(store: Store) -> None:
    """Taking back works once and is in the audit."""
    store.approve("source", "tills", "hash-1", who="ana")
    assert store.revoke("source", "tills", who="ben")
    assert not store.revoke("source", "tills", who="ben")
    assert store.approval("source", "tills") is None
    assert [(entry.who, entry.action) for entry in store.audit(2)] == [
        ("ben", "source.revoked"),
        ("ana", "source.approved"),
    ]


def test_audit_survives_and_is_newest_first(where: str) -> None:
    """What was recorded by one process is read by the next, with who, what and details."""
    first = leased_store(where, "first")
    first.record("config.changed", {"audience": "vip", "hash": "h2"})
    first.record("export.made", who="ana")
    first.close()
    second = leased_store(where, "second")
    assert [(entry.who, entry.action, entry.detail) for entry in second.audit()] == [
        ("second", "lease.taken", {"epoch": 2}),
        ("ana", "export.made", None),
        ("first", "config.changed", {"audience": "vip", "hash": "h2"}),
        ("first", "lease.taken", {"epoch": 1}),
    ]
    second.close()
