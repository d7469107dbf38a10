-- The row of a worker that has just taken the lock of that id. Parameters: worker id, hub id, host, pid, program, roles,
-- names of orchestrators, of activities and of entities that it can run, which the hub remembers, incarnation of the server.
-- Tables: writes workers, names.
with known as (
    insert into taskhub.names (hub_id, kind, name)
    select distinct $2::int, n.kind, lower(n.name collate "C")
    from (select 'orchestrator', unnest($7::text[]) union all select 'activity', unnest($8::text[])
          union all select 'entity', unnest($9::text[])) n(kind, name)
    where n.name <> '*' -- any name
    order by 2, 3
    on conflict do nothing
)
insert into taskhub.workers (worker_id, hub_id, host, pid, program, roles, orchestrators, activities, entities,
                             incarnation)
overriding system value
values ($1::int, $2::int, $3::text, $4::int, $5::text, $6::text, $7::text[], $8::text[], $9::text[],
        $10::text)
