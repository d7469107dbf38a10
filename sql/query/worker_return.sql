-- A worker is back under its id after a reconnect, or has other names than before, unless it was buried meanwhile: then no
-- row comes back.
-- Parameters as in worker_insert. Tables: writes workers, names.
with known as (
    insert into taskhub.names (hub_id, kind, name)
    select distinct $2::int, n.kind, lower(n.name collate "C")
    from (select 'orchestrator', unnest($7::text[]) union all select 'activity', unnest($8::text[])
          union all select 'entity', unnest($9::text[])) n(kind, name)
    where n.name <> '*' -- any name
    order by 2, 3
    on conflict do nothing
)
update taskhub.workers
set hub_id = $2::int, host = $3::text, pid = $4::int, program = $5::text, roles = $6::text,
    orchestrators = $7::text[], activities = $8::text[], entities = $9::text[], incarnation = $10::text
where worker_id = $1::int and dead_at is null
returning worker_id
