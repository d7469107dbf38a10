-- Instances as they stand, before their histories are replayed; entities with their state; and the episode of each that is
-- out, if one is. A row for each key, whether there is an instance or not. Arrays: partition, id.
select u.p, u.id, i.start_id, i.execution_id, i.status, i.name, i.version, i.tags,
       i.parent_instance_id, i.parent_execution_id, i.parent_ref, i.is_entity, i.state,
       i.lock_holder, i.priority,
       (select a.id from taskhub.activities a where a.partition_id = u.p and a.instance_id = u.id and a.kind <> 0)
from unnest($1::int[], $2::text[]) u(p, id)
left join taskhub.instances i on i.partition_id = u.p and i.instance_id = u.id
