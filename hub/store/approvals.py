"""What people allowed, and the audit of everything that was decided."""

from sqlmodel import col, select

from hub.sdk.records import Json
from hub.store.database import Database, append_audit
from hub.store.models import Approval, ApprovalKind, AuditEntry, fresh


class Approvals(Database):
    """Approvals in force and the append-only audit."""

    def approve(
        self, kind: ApprovalKind, name: str, config_hash: str, plan_uid: str | None = None, *, who: str
    ) -> Approval:
        """Record that `who` allows something, instead of any earlier approval of the same kind and name.

        Args:
            kind: `audience` (may be sent), `removals` (of one plan) or `source` (an unusual read is true).
            name: the audience or source.
            config_hash: what was approved; the approval is worth nothing for another hash.
            plan_uid: the one plan it is bound to.
            who: the person or command.
        """
        approval = fresh(Approval(kind=kind, name=name, config_hash=config_hash, plan_uid=plan_uid, who=who))
        with self._writing() as session:
            approval = session.merge(approval)
            append_audit(
                session, who, f"{kind}.approved", {"name": name, "config_hash": config_hash, "plan_uid": plan_uid}
            )
        return approval

    def revoke(self, kind: ApprovalKind, name: str, *, who: str) -> bool:
        """Take an approval back; return False if there was none."""
        with self._writing() as session:
            approval = session.get(Approval, (kind, name))
            if approval is None:
                return False
            session.delete(approval)
            append_audit(session, who, f"{kind}.revoked", {"name": name})
        return True

    def approval(self, kind: ApprovalKind, name: str) -> Approval | None:
        """Return the approval in force; the caller compares its hash."""
        with self._reading() as session:
            return session.get(Approval, (kind, name))

    def record(self, action: str, detail: Json = None, *, who: str = "") -> None:
        """Add a line to the audit: names, hashes and counts, never a person's data.

        `who` is the lease holder if not named.
        """
        with self._writing() as session:
            append_audit(session, who or self._held.holder, action, detail)

    def audit(self, limit: int = 100) -> list[AuditEntry]:
        """Return the latest lines of the audit, newest first."""
        with self._reading() as session:
            return list(session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)))
