-- entity_there($1 partition, $2 id): the start id of an entity's row. Tables: reads instances.
select start_id from taskhub.instances where partition_id = $1::int and instance_id = $2::text and is_entity
