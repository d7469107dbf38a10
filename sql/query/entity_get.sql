-- entity_get($1 partition, $2 id): the state of an entity that has one. Tables: reads instances.
select state from taskhub.instances
where partition_id = $1::int and instance_id = $2::text and is_entity and state is not null
