-- A worker is back under its id after a reconnect, unless it was buried meanwhile: then no row comes back.
-- Parameters as in worker_insert. Tables: writes workers.
update taskhub.workers
set hub_id = $2::int, host = $3::text, pid = $4::int, program = $5::text, roles = $6::text,
    orchestrators = $7::text[], activities = $8::text[], entities = $9::text[], incarnation = $10::text
where worker_id = $1::int and dead_at is null
returning worker_id
