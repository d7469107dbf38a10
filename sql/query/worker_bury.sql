-- Declares a worker dead whose lock is free (protocol A5); the caller has seen it free before. The lock is held, shared,
-- until the row is committed, so that the worker can't come back in between. Parameters: worker id, class of the WORKER
-- lock. Tables: writes workers.
update taskhub.workers set dead_at = pg_catalog.now()
where worker_id = $1::int and dead_at is null
  and pg_catalog.pg_try_advisory_xact_lock_shared($2::int, $1::int)
returning worker_id
