-- instance_purge($1 partition, $2 id, $3 name of the access key or null)
--
-- Deletes a finished orchestration with all its history (protocol, 8). Messages that still wait for it
-- are dropped by the owner (protocol I4), and writes that down in the audit as taskhub.note_act does.
-- Statuses 1, 3, 4, 5 are terminal.
--
-- One row: how many were deleted, and the status that was found (null: no such instance).
-- Tables: reads partitions, hubs; writes instances, history, audit.
with gone as (
    delete from taskhub.instances
    where partition_id = $1::int and instance_id = $2::text and status in (1, 3, 4, 5) and not is_entity
    returning partition_id, instance_id
),
forgotten as (
    delete from taskhub.history h using gone g
    where h.partition_id = g.partition_id and h.instance_id = g.instance_id
),
noted as (
    insert into taskhub.audit (at, hub_id, hub, act, instance_id, arguments, db_user, key_name, client)
    select now(), h.hub_id, h.name, 'purge_instance', g.instance_id, '{}', session_user, $3::text,
           nullif(current_setting('application_name', true), '')
    from gone g
    join taskhub.partitions p on p.partition_id = g.partition_id
    join taskhub.hubs h on h.hub_id = p.hub_id
)
select (select count(*) from gone)::int,
       (select status from taskhub.instances
        where partition_id = $1::int and instance_id = $2::text and not is_entity)
