-- The database's clock, and the next due time of each partition.
select p.partition_id, now(),
       (select min(m.due) from taskhub.inbox m
        where m.partition_id = p.partition_id and m.due > now() and m.due < 'infinity')
from unnest($1::int[]) p(partition_id)
