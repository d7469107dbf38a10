-- front_control($1 partitions, $2 ids, $3 kinds, $4 names, $5 payloads, $6 message ids)
--
-- Queues suspensions (kind 21) and resumptions (kind 22) for live instances, in the order given. Whether
-- an instance is suspended is judged by the request before this one, else by the last such message that
-- still waits for it, else by its status (events.md, 8): after a request, done or not, the instance is
-- what was asked for. Statuses 1, 3, 4, 5 are terminal, 7 is Suspended.
--
-- Rows: of each instance that exists, the position, its status and whether nothing was to be changed.
-- Tables: reads instances, inbox, writes inbox.
with found as materialized (
    select t.*, i.start_id, i.status,
           lag(t.kind) over (partition by t.partition_id, t.instance_id order by t.position) as before
    from unnest($1::int[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[])
         with ordinality as t(partition_id, instance_id, kind, name, payload, message_id, position)
    cross join lateral (
        select o.start_id, o.status from taskhub.instances o
        where o.partition_id = t.partition_id and o.instance_id = t.instance_id and not o.is_entity limit 1) i
),
-- One pass over what waits in those partitions, not one an instance.
waiting as materialized (
    select distinct on (m.partition_id, m.instance_id) m.partition_id, m.instance_id, m.start_id, m.kind
    from taskhub.inbox m
    where m.partition_id = any ($1::int[]) and m.due in ('-infinity', 'infinity')
      and m.kind in (21, 22) and m.instance_id = any ($2::text[])
    order by m.partition_id, m.instance_id, m.message_no desc
),
judged as materialized (
    select f.*, coalesce(f.before, w.kind, case when f.status = 7 then 21 else 22 end) = f.kind
                as no_change
    from found f left join waiting w using (partition_id, instance_id, start_id)
),
told as (
    insert into taskhub.inbox (partition_id, instance_id, start_id, kind, name, message_id, payload)
    select partition_id, instance_id, start_id, kind, name, message_id, payload
    from judged where status not in (1, 3, 4, 5) and not no_change order by position
)
select position::int, status, no_change from judged
