-- Partitions from $1 on, $2 of them, that have unclaimed, due activities.
select p from generate_series($1::int, $1::int + $2::int - 1) p
where exists (select from taskhub.activities a where a.partition_id = p and a.claimed_by is null and a.due <= now())
