-- front_start($1 partitions, $2 ids, $3 start ids, $4 execution ids, $5 names, $6 versions, $7 inputs,
--             $8 tags, $9 scheduled starts, $10 priorities, $11 traces)
--
-- Starts many instances (protocol, 8 and F1): an id at most once, sorted by key, so that two of these
-- never wait for each other in a circle. Statuses: 1, 3, 4, 5 are terminal, 6 is Pending; kind 3 is
-- ExecutionStarted.
--
-- Rows: for an id that is live or has this start id, its position, status and whether the start is
-- ours (an earlier try that was committed); for each instance started, its start id. An id with neither
-- was taken by somebody while this ran: ask again.
-- Tables: reads instances, writes instances, inbox. Live rows are only read, never locked.
with found as materialized (
    select t.*, i.start_id as old_start, i.status,
           i.start_id is null or (i.status in (1, 3, 4, 5) and i.start_id <> t.start_id) as free
    from unnest($1::int[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
                $8::text[], $9::timestamptz[], $10::smallint[], $11::text[]) with ordinality
         as t(partition_id, instance_id, start_id, execution_id, name, version, input, tags,
              scheduled_start, priority, trace, position)
    left join lateral (
        select o.start_id, o.status from taskhub.instances o
        where o.partition_id = t.partition_id and o.instance_id = t.instance_id limit 1) i on true
),
started as (
    insert into taskhub.instances as i
        (partition_id, instance_id, start_id, execution_id, status, name, version, input, tags,
         scheduled_start, priority)
    select partition_id, instance_id, start_id, execution_id, 6, name, version, input, tags,
           scheduled_start, coalesce(priority, 0)
    from found where free order by position
    on conflict (partition_id, instance_id) do update set
        start_id = excluded.start_id, execution_id = excluded.execution_id, status = excluded.status,
        is_entity = false, name = excluded.name, version = excluded.version, input = excluded.input,
        output = null, failure = null, custom_status = null, tags = excluded.tags,
        parent_instance_id = null, parent_execution_id = null, parent_ref = null, executor = null,
        priority = excluded.priority, scheduled_start = excluded.scheduled_start, created_at = now(),
        updated_at = now(), completed_at = null, state = null, lock_holder = null,
        last_operation_at = null
    where i.status in (1, 3, 4, 5) and i.start_id <> excluded.start_id
    returning i.partition_id, i.instance_id, i.start_id, i.execution_id, i.name, i.scheduled_start,
              i.xmax <> 0 as replaced
),
told as (
    insert into taskhub.inbox (partition_id, due, instance_id, start_id, execution_id, kind, name, body)
    select s.partition_id, coalesce(s.scheduled_start, '-infinity'), s.instance_id, s.start_id, s.execution_id, 3,
           s.name, case when f.trace is null then case when s.replaced then '{"replaced":true}' end
                        when s.replaced then '{"replaced":true,"trace":' || f.trace || '}'
                        else '{"trace":' || f.trace || '}' end
    from started s left join (select start_id, trace from found where trace is not null) f on f.start_id = s.start_id
)
select position::int, status, old_start = start_id as ours, null::uuid as started
from found where not free
union all
select null, null, null, start_id from started
