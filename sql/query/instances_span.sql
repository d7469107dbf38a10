-- instances_span($1 first partition, $2 last partition, $3 created from or null, $4 created to or null, $5 most)
--
-- How many instances of a hub were created in a span of time, counted no further than $5.
-- Tables: reads instances, by the time of creation.
select count(*)
from (select from taskhub.instances
      where created_at >= coalesce($3::timestamptz, '-infinity') and created_at <= coalesce($4::timestamptz, 'infinity')
        and partition_id between $1::int and $2::int
      order by created_at limit $5::int) n
