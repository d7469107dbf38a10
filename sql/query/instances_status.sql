-- instances_status($1 partitions, $2 ids): the position and status of each that is there. Tables: reads instances.
select t.position::int, i.status
from unnest($1::int[], $2::text[]) with ordinality as t(partition_id, instance_id, position)
cross join lateral (
    select o.status from taskhub.instances o
    where o.partition_id = t.partition_id and o.instance_id = t.instance_id and not o.is_entity limit 1) i
