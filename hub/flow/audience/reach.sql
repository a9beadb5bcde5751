-- Why each candidate is wanted or not: the first reason that holds, in the order of the reach waterfall.
-- Reads `candidates` and `ledger`. $cap, $since: at most so many audiences per person; those that added the person
-- after $since count, also where they no longer want them. Approved audiences are served first, then by priority.
create or replace temp table reach as
with judged as (
    select *,
           case when not allowed then 'no_consent'
                when wire is null then 'no_address'
                when excluded then 'excluded' end as barred
    from candidates
),
elsewhere as (
    select l.profile_id, count(distinct l.audience) as audiences
    from ledger l
    left join judged j on j.profile_id = l.profile_id and j.audience = l.audience and j.barred is null
    where l.added_at > $since and j.profile_id is null
    group by l.profile_id
),
placed as (
    select j.*,
           case when barred is null then row_number() over (
               partition by j.profile_id, barred is null order by approved desc, priority desc, audience) end as place,
           coalesce(e.audiences, 0) as audiences_elsewhere
    from judged j
    left join elsewhere e on e.profile_id = j.profile_id
),
reasoned as (
    select *,
           case when barred is not null then barred
                when place + audiences_elsewhere > $cap then 'capped'
                when holdout then 'holdout' end as held_back
    from placed
)
select audience, profile_id, wire, address, consented,
       case when held_back is null and row_number() over (
                partition by audience, held_back, wire order by profile_id) > 1 then 'duplicates'
            else held_back end as reason
from reasoned
