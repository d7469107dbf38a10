-- What a worker sees of its hub (protocol O7): the server, and whether the hub is paused, purges wait, or it has a retention; the workers and whether their locks are held, the partitions
-- and who holds their pen. One statement, so one look at pg_locks. Parameters: hub id, incarnation of the server,
-- classes of the PEN and the WORKER locks, how long a pen must be silent to count as such, in seconds; then what sleepers are
-- woken for: partitions whose owner sleeps, whether those who claim activities do, and those who run episodes.
-- Columns: kind (0 the server and the hub, 1 a worker, 2 a partition), id, three numbers, five flags, two times. Of the hub:
-- for how many seconds early events are kept (-1: never set); whether there are activities (1) and episodes (2) to claim; a
-- print of the names of its SQL activities; whether it is paused, purges wait, it has a retention, and histories are kept. Of a
-- partition whose owner sleeps: when its first message is due. Tables: reads hubs, sql_activities, activities, purges, workers,
-- partitions, inbox. Takes no lock.
with held as materialized (
    select l.classid::bigint as class, l.objid::bigint as id, l.pid
    from pg_catalog.pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 2 and l.granted and l.mode = 'ExclusiveLock'
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
      and l.classid::bigint in ($3::int, $4::int)
), silent as materialized (
    -- A pen that neither reads nor lets go: the client has stopped taking bytes, or left a transaction open.
    select a.pid, a.backend_start
    from pg_catalog.pg_stat_activity a
    where a.pid in (select h.pid from held h where h.class = $3::int)
      and (a.wait_event = 'ClientWrite' or a.state like 'idle in transaction%')
      and a.state_change <= pg_catalog.now() - pg_catalog.make_interval(secs => $5::int)
)
select 0::smallint as kind, 0 as id,
       coalesce((select taskhub.early_seconds(b.settings) from taskhub.hubs b
                 where b.hub_id = $1::int and b.settings ? 'early_events'), -1),
       case when $7::boolean and exists (
                select from taskhub.partitions p
                join taskhub.activities a on a.partition_id = p.partition_id and a.claimed_by is null and a.kind = 0
                     and a.due <= pg_catalog.now() + interval '1 minute'
                where p.hub_id = $1::int) then 1 else 0 end
       + case when $8::boolean and exists (
                select from taskhub.partitions p
                join taskhub.activities a on a.partition_id = p.partition_id and a.claimed_by is null and a.kind <> 0
                     and a.due <= pg_catalog.now()
                where p.hub_id = $1::int) then 2 else 0 end,
       coalesce((select pg_catalog.hashtext(pg_catalog.string_agg(n.name, E'\n' order by n.name_key collate "C"))
                 from taskhub.sql_activities n where n.hub_id = $1::int), 0),
       exists (select from taskhub.hubs b where b.hub_id = $1::int and b.paused_at is not null),
       exists (select from taskhub.purges u where u.hub_id = $1::int and u.kind = 'asked' and u.finished_at is null),
       exists (select from taskhub.hubs b where b.hub_id = $1::int and b.settings ?| array[
           'keep_completed', 'keep_failed', 'keep_terminated', 'keep_canceled', 'keep_audit']),
       exists (select from taskhub.hubs b where b.hub_id = $1::int and lower(b.settings ->> 'keep_history') = 'on'), false,
       pg_catalog.now(), pg_catalog.pg_postmaster_start_time()
union all
select 1::smallint, w.worker_id, 0, 0, 0, h.pid is not null, w.incarnation = $2::text, w.draining, w.dead_at is not null,
       w.roles like '%orchestrators%', null, null
from taskhub.workers w
left join held h on h.class = $4::int and h.id = w.worker_id
where w.hub_id = $1::int and (w.dead_at is null or w.dead_at > pg_catalog.now() - interval '1 hour')
union all
select 2::smallint, p.partition_id, coalesce(h.pid, 0), coalesce(p.worker_id, 0), coalesce(p.pen_pid, 0), p.clean,
       s.pid is not null, false, false, false, d.due, null
from taskhub.partitions p
left join lateral (select m.due from taskhub.inbox m
                   where m.partition_id = p.partition_id and m.due < 'infinity' and p.partition_id = any ($6::int[])
                   order by m.due limit 1) d on true
left join held h on h.class = $3::int and h.id = p.partition_id
left join silent s on s.pid = h.pid and s.pid = p.pen_pid and s.backend_start = p.pen_started
where p.hub_id = $1::int
order by kind, id
