-- The row of a worker that has just taken the lock of that id. Parameters: worker id, hub id, host, pid, program, roles,
-- names of orchestrators, of activities and of entities that it can run, incarnation of the server. Tables: writes workers.
insert into taskhub.workers (worker_id, hub_id, host, pid, program, roles, orchestrators, activities, entities, incarnation)
overriding system value
values ($1::int, $2::int, $3::text, $4::int, $5::text, $6::text, $7::text[], $8::text[], $9::text[], $10::text)
