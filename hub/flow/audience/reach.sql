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
-- A person is in one audience of a group, the first that may have them, and the others use up no place of the cap.
outranked as (
    select audience, profile_id
    from judged
    where barred is null and sharing is not null
    qualify row_number() over (partition by profile_id, sharing order by approved desc, priority desc, audience) > 1
),
elsewhere as (
    select l.profile_id, count(distinct l.audience) as audiences
    from ledger l
    left join judged j on j.profile_id = l.profile_id and j.audience = l.audience and j.barred is null
    where l.added_at > $since and j.profile_id is null
    group by l.profile_id
),
placed as (
    select j.*, o.profile_id is not null as outranked,
           case when barred is null and o.profile_id is null then row_number() over (
               partition by j.profile_id, barred is null and o.profile_id is null
               order by approved desc, priority desc, j.audience) end as place,
           coalesce(e.audiences, 0) as audiences_elsewhere
    from judged j
    left join outranked o on o.profile_id = j.profile_id and o.audience = j.audience
    left join elsewhere e on e.profile_id = j.profile_id
),
reasoned as (
    select *,
           case when barred is not null then barred
                when place + audiences_elsewhere > $cap then 'capped'
                when outranked then 'outranked'
                when holdout then 'holdout' end as held_back
    from placed
),
single as (
    select audience, profile_id, wire, address, consented, most,
           case when held_back is null and row_number() over (
                    partition by audience, held_back, wire order by profile_id) > 1 then 'duplicates'
                else held_back end as reason
    from reasoned
),
-- Of too many those stay who are there, and of the others always the same come.
surplus as (
    select audience, profile_id
    from single s
    where reason is null and most is not null
    qualify row_number() over (
        partition by audience
        order by exists (from ledger l where l.audience = s.audience and l.profile_id = s.profile_id
                                         and l.presence in ('present', 'accepted')) desc, profile_id) > most
)
select s.audience, s.profile_id, wire, address, consented,
       case when x.profile_id is null then reason else 'over_max' end as reason
from single s
left join surplus x on x.audience = s.audience and x.profile_id = s.profile_id
