-- front_signal($1 partitions, $2 ids, $3 kinds, $4 names, $5 payloads, $6 message ids)
--
-- Queues events (kind 17) and terminations (kind 5) for live instances, in the order given (protocol, 8).
-- Statuses 1, 3, 4, 5 are terminal. An event for an id that no instance has is kept, unbound and marked, where the hub's
-- setting early_events says so.
--
-- Rows: of each instance that exists, the position and its status; a message went to those that live. Of an event that is
-- kept, its position and Pending.
-- Tables: reads instances, hubs, writes inbox.
with found as materialized (
    select t.*, i.start_id, i.status
    from unnest($1::int[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[])
         with ordinality as t(partition_id, instance_id, kind, name, payload, message_id, position)
    left join lateral (
        select o.start_id, o.status from taskhub.instances o
        where o.partition_id = t.partition_id and o.instance_id = t.instance_id and not o.is_entity limit 1) i on true
),
told as (
    insert into taskhub.inbox (partition_id, instance_id, start_id, kind, name, message_id, payload)
    select partition_id, instance_id, start_id, kind, name, message_id, payload
    from found where status not in (1, 3, 4, 5) order by position
),
kept as (
    insert into taskhub.inbox (partition_id, instance_id, kind, name, message_id, payload, body)
    select f.partition_id, f.instance_id, f.kind, f.name, f.message_id, f.payload, '{"early":true}'
    from found f
    join taskhub.partitions p on p.partition_id = f.partition_id
    join taskhub.hubs h on h.hub_id = p.hub_id
    where f.status is null and f.kind = 17 and taskhub.early_seconds(h.settings) > 0
      and f.instance_id !~ '^@|[/\\#?\u0001-\u001f\u007f-\u009f]' and char_length(f.instance_id) between 1 and 256
    order by f.position
    returning message_id
)
select position::int, status, false as no_change from found where status is not null
union all
select f.position::int, 6::smallint, false from found f join kept k on k.message_id = f.message_id
