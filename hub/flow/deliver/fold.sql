-- The ledger after more entries, for the keys that have any: hub/outbox/belief.py for all of them at once.
-- Reads `entries`, where n orders all entries, and `ledger`; $budget is belief.RETRY_BUDGET.
create or replace temp table folded as
with entry as (
    select *,
           outcome in ('present', 'absent', 'unknown', 'accepted') as applied,
           outcome = 'absent' or (outcome = 'accepted' and op = 'remove') as gone
    from entries
),
mark as (
    select key,
           max(n) as latest,
           max(n) filter (where applied) as applied,
           max(n) filter (where gone) as gone,
           max(n) filter (where applied and not gone and op = 'add') as added,
           max(n) filter (where not applied) as refused,
           max(n) filter (where outcome = 'suppressed') as suppressed,
           max(n) filter (where outcome = 'present') as present,
           max(n) filter (where outcome <> 'retry') as reset,
           max(n) filter (where vendor_id is not null) as named,
           max(settle_until) as settle_until
    from entry
    group by key
),
refusals as (
    select m.key, count(*) as tries
    from entry e
    join mark m on m.key = e.key
    where e.outcome = 'retry' and e.n > coalesce(m.reset, -1)
    group by m.key
),
joined as (
    select x.connection, x.target, x.key, x.wire, x.audience,
           coalesce(x.profile_id, l.profile_id) as profile_id,
           case when a.n is null then coalesce(l.presence, 'none') when a.gone then 'absent' else a.outcome end as presence,
           case when m.added is not null and m.added > coalesce(m.gone, -1) then true
                when m.gone is not null then false
                else coalesce(l.owned, false) end as owned,
           case when a.n is null then l.op else a.op end as op,
           case when a.n is null then coalesce(l.payload_hash, '') else a.payload_hash end as payload_hash,
           coalesce(v.vendor_id, l.vendor_id) as vendor_id,
           case when l.settle_until is null or m.settle_until > l.settle_until then m.settle_until
                else l.settle_until end as settle_until,
           r.n as refusal, a.n as application, r.outcome as refusal_outcome,
           r.op as refusal_op, r.payload_hash as refusal_hash, r.code as refusal_code, r.retry_at as refusal_until,
           coalesce(t.tries, 0) + case when m.reset is null then coalesce(l.tries, 0) else 0 end as tries,
           coalesce(m.suppressed > coalesce(m.present, -1), false)
           or (coalesce(l.parked, '') = 'suppressed' and m.present is null) as suppressed,
           l.parked, l.refused_op, l.refused_hash, l.refused_code, l.refused_until,
           coalesce(d.sent_at, l.added_at) as added_at,
           coalesce(a.sent_at, l.changed_at) as changed_at
    from mark m
    join entry x on x.n = m.latest
    left join entry a on a.n = m.applied
    left join entry r on r.n = m.refused and m.refused > coalesce(m.applied, -1)
    left join entry v on v.n = m.named
    left join entry d on d.n = m.added
    left join refusals t on t.key = m.key
    left join ledger l on l.key = m.key
)
select connection, target, key, wire, profile_id, audience, presence, owned, op, payload_hash, vendor_id, settle_until,
       case when suppressed then 'suppressed'
            when refusal is null then case when application is null then coalesce(parked, '') else '' end
            when refusal_outcome = 'rejected' then 'rejected'
            when tries >= $budget then 'rejected'
            else '' end as parked,
       case when refusal is not null then refusal_op when application is null then refused_op end as refused_op,
       case when refusal is not null then refusal_hash when application is null then coalesce(refused_hash, '') else ''
            end as refused_hash,
       case when refusal is not null then refusal_code when application is null then coalesce(refused_code, '') else ''
            end as refused_code,
       case when refusal is not null then refusal_until when application is null then refused_until end as refused_until,
       tries, added_at, changed_at
from joined
