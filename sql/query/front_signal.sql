-- front_signal($1 partitions, $2 ids, $3 kinds, $4 names, $5 payloads, $6 message ids)
--
-- Queues events (kind 17) and terminations (kind 5) for live instances, in the order given (protocol, 8).
-- Statuses 1, 3, 4, 5 are terminal.
--
-- Rows: of each instance that exists, the position and its status; a message went to those that live.
-- Tables: reads instances, writes inbox.
with found as materialized (
    select t.*, i.start_id, i.status
    from unnest($1::int[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[])
         with ordinality as t(partition_id, instance_id, kind, name, payload, message_id, position)
    cross join lateral (
        select o.start_id, o.status from taskhub.instances o
        where o.partition_id = t.partition_id and o.instance_id = t.instance_id and not o.is_entity limit 1) i
),
told as (
    insert into taskhub.inbox (partition_id, instance_id, start_id, kind, name, message_id, payload)
    select partition_id, instance_id, start_id, kind, name, message_id, payload
    from found where status not in (1, 3, 4, 5) order by position
)
select position::int, status, false as no_change from found
