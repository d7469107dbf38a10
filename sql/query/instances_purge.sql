-- instances_purge($1 partitions, $2 ids)
--
-- Deletes those of these orchestrations that have finished, with all their history (protocol, 8). One
-- that somebody is changing right now is left alone. Statuses 1, 3, 4, 5 are terminal.
--
-- One row: how many were deleted. Tables: writes instances, history.
with held as (
    select i.partition_id, i.instance_id
    from taskhub.instances i
    join unnest($1::int[], $2::text[]) k(partition_id, instance_id)
      on i.partition_id = k.partition_id and i.instance_id = k.instance_id
    where i.status in (1, 3, 4, 5) and not i.is_entity
    for update of i skip locked
),
gone as (
    delete from taskhub.instances i using held
    where i.partition_id = held.partition_id and i.instance_id = held.instance_id
    returning i.partition_id, i.instance_id
),
forgotten as (
    delete from taskhub.history h using gone g
    where h.partition_id = g.partition_id and h.instance_id = g.instance_id
)
select count(*)::int from gone
