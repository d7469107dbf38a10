-- Instances as they stand, before their histories are replayed; entities with their state. Arrays: partition, id.
select i.partition_id, i.instance_id, i.start_id, i.execution_id, i.status, i.name, i.version, i.tags,
       i.parent_instance_id, i.parent_execution_id, i.parent_ref, i.is_entity, i.state,
       i.lock_holder, i.priority
from unnest($1::int[], $2::text[]) u(p, id)
join taskhub.instances i on i.partition_id = u.p and i.instance_id = u.id
