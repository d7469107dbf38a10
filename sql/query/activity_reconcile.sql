-- Claims of a worker that it does not run (protocol A8). Partition, worker, ids that run.
update taskhub.activities a
set claimed_by = null, claimed_at = null
where a.partition_id = $1::int and a.claimed_by = $2::int and a.claimed_at < now() - interval '5 seconds'
  and a.id <> all ($3::bigint[])
