-- instance_get($1 partition, $2 id)
--
-- Tables: reads instances.
select instance_id, name, version, execution_id, status, input, output, failure, custom_status, tags,
       parent_instance_id, created_at, updated_at, completed_at, priority
from taskhub.instances
where partition_id = $1::int and instance_id = $2::text
