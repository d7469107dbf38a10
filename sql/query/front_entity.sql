-- front_entity($1 partitions, $2 ids, $3 kinds, $4 operations, $5 inputs, $6 message ids)
--
-- Queues signals (kind 23) for entities, which need not exist, and orders to delete one (kind 5), in the order given.
--
-- Rows: of each signal, its position, status -1 and false, as the statements of other signals have them.
-- Tables: writes inbox.
with given as (
    select * from unnest($1::int[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[])
         with ordinality as t(partition_id, instance_id, kind, name, payload, message_id, position)
),
told as (
    insert into taskhub.inbox (partition_id, instance_id, kind, name, message_id, payload, body)
    select partition_id, instance_id, kind, name, message_id, payload,
           json_build_object('requestId', message_id)::text
    from given order by position
)
select position::int, (-1)::smallint, false from given
