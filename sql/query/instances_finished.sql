-- instances_finished($1 first partition, $2 last partition, $3 bits of statuses, $4 completed from or null,
--                    $5 completed before or null, $6 after this completion or null, $7 and after this id, $8 how many)
--
-- Ids of finished instances by the time of their completion, then by id. No index has that order, so a page reads all
-- finished instances of the hub.
-- Tables: reads instances.
select i.instance_id, i.completed_at
from taskhub.instances i
where i.partition_id between $1::int and $2::int and not i.is_entity
  and (1 << i.status) & $3::int <> 0 and i.completed_at is not null
  and ($4::timestamptz is null or i.completed_at >= $4::timestamptz)
  and ($5::timestamptz is null or i.completed_at < $5::timestamptz)
  and ($6::timestamptz is null or (i.completed_at, i.instance_id) > ($6::timestamptz, $7::text))
order by i.completed_at, i.instance_id
limit $8::int
