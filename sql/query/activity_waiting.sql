-- Partitions from $1 on, $2 of them, that have unclaimed activities: those that are due, and those that will be within a minute;
-- first the one whose first activity goes first.
-- Returns the partition and the microseconds that are left; 0: due.
select p, case when n.due <= now() then 0 else greatest(1, extract(epoch from n.due - now()) * 1000000)::bigint end
from generate_series($1::int, $1::int + $2::int - 1) p
cross join lateral (select a.due from taskhub.activities a where a.partition_id = p and a.claimed_by is null and a.kind = 0
                    order by a.due limit 1) n
where n.due <= now() + interval '1 minute'
order by n.due, p
