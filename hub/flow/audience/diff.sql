-- What is due for every key of one target: hub/outbox/decide.py for all of them at once.
-- Reads `wanted` (of this audience), `kept` (wires that any audience sharing the target wants), `ledger`, `opted_out`.
create or replace temp table decided as
with joined as (
    select coalesce(w.key, l.key) as key, coalesce(w.wire, l.wire) as wire, w.address, w.payload,
           coalesce(w.payload_hash, l.payload_hash) as payload_hash,
           coalesce(w.profile_id, l.profile_id) as profile_id,
           coalesce(w.consented, false) as consented, coalesce(w.vendor_id, l.vendor_id) as vendor_id,
           w.key is not null as wanted,
           coalesce(l.presence, 'none') as presence, coalesce(l.owned, false) as owned, l.op as last_op,
           l.op is null or l.payload_hash <> w.payload_hash as differs,
           coalesce(l.settle_until > $now, false) as settling,
           coalesce(l.parked, '') as parked, l.refused_op,
           coalesce(l.refused_hash = w.payload_hash, false) as same_refused,
           coalesce(l.refused_until > $now, false) as too_early,
           o.profile_id is not null as opted_out
    from wanted w
    full join (select * from ledger where connection = $connection and target = $target) l on l.key = w.key
    left join opted_out o on o.profile_id = l.profile_id
    left join kept k on k.wire = l.wire
    where w.key is not null or k.wire is null
),
proposed as (
    select *,
           case when not wanted then
                    case when presence in ('present', 'unknown', 'accepted') and owned then 'remove' end
                when $mode = 'update_only' then case when differs or presence = 'unknown' then 'update' end
                when presence = 'unknown' then case when last_op = 'update' then 'update' else 'add' end
                when presence in ('none', 'absent') or (presence = 'accepted' and $resync) then 'add'
                when differs then 'update' end as proposal
    from joined
)
select key, wire, address, payload, payload_hash, profile_id, consented, vendor_id, wanted, presence, owned, opted_out,
       case when reason = 'due' then proposal end as op, reason
from (
    select *,
           case when not wanted then
                    case when proposal is null then 'foreign'
                         when not $removes then 'kept'
                         when refused_op = 'remove' and too_early then
                             case when parked <> '' then 'blocked' else 'retry' end
                         when settling and last_op <> 'remove' then 'settling'
                         else 'due' end
                when parked = 'suppressed' then 'suppressed'
                when proposal is null then 'same'
                when refused_op <> 'remove' and same_refused and parked <> '' then 'rejected'
                when refused_op <> 'remove' and same_refused and too_early then 'retry'
                when settling and (differs or last_op = 'remove') then 'settling'
                else 'due' end as reason
    from proposed
)
