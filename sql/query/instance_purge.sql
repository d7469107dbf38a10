-- instance_purge($1 partition, $2 id)
--
-- Deletes a finished orchestration with all its history (protocol, 8). Messages that still wait for it
-- are dropped by the owner (protocol I4). Statuses 1, 3, 4, 5 are terminal.
--
-- One row: how many were deleted, and the status that was found (null: no such instance).
-- Tables: writes instances, history.
with gone as (
    delete from taskhub.instances
    where partition_id = $1::int and instance_id = $2::text and status in (1, 3, 4, 5) and not is_entity
    returning partition_id, instance_id
),
forgotten as (
    delete from taskhub.history h using gone g
    where h.partition_id = g.partition_id and h.instance_id = g.instance_id
)
select (select count(*) from gone)::int,
       (select status from taskhub.instances
        where partition_id = $1::int and instance_id = $2::text and not is_entity)
