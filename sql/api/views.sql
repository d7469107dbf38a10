-- The tables as people want to see them: names instead of numbers, hubs instead of partitions.
--
-- A view only ever gets columns at its end, so that "create or replace" works and views built on it stay. They show
-- what the tables hold; a condition on partition_id (see taskhub.partition_of) makes them read one partition only.

create or replace view taskhub.instances_view as
select h.name as hub, i.instance_id, i.name, i.version, taskhub.status_name(i.status) as runtime_status, i.input,
       i.output, i.failure, i.custom_status, i.created_at, i.updated_at, i.completed_at,
       replace(i.execution_id::text, '-', '') as execution_id, i.partition_id, i.parent_instance_id,
       replace(i.parent_execution_id::text, '-', '') as parent_execution_id, i.tags, i.scheduled_start, i.executor,
       i.priority, i.is_entity
from taskhub.instances i
join taskhub.partitions p on p.partition_id = i.partition_id
join taskhub.hubs h on h.hub_id = p.hub_id;
comment on view taskhub.instances_view is 'Orchestrations and entities with their status, payloads and times.';

create or replace view taskhub.entities_view as
select h.name as hub, i.name, substr(i.instance_id, length(i.name) + 3) as key, i.state, i.last_operation_at,
       i.lock_holder::json ->> 'instanceId' as locked_by, i.created_at, i.updated_at, i.instance_id as entity_id,
       i.partition_id
from taskhub.instances i
join taskhub.partitions p on p.partition_id = i.partition_id
join taskhub.hubs h on h.hub_id = p.hub_id
where i.is_entity;
comment on view taskhub.entities_view is
    'Entities with their state, the time of their last operation, and the instance whose critical section holds them.';

-- Keys of an event: see events, 2 and 3. t is the time in microseconds; without it, it is the episode's.
create or replace view taskhub.history_events as
select r.instance_id, replace(r.execution_id::text, '-', '') as execution_id, r.episode,
       (r.first_seq + e.n - 1)::int as seq, e.event ->> 'kind' as kind, (e.event ->> 'id')::int as id,
       (e.event ->> 'ref')::int as ref,
       coalesce(timestamptz 'epoch' + (e.event ->> 't')::bigint * interval '1 microsecond', r.at) as at,
       coalesce(e.event ->> 'name', e.event ->> 'operation') as name,
       coalesce(e.event ->> 'input', e.event ->> 'result', e.event ->> 'output', e.event ->> 'reason',
                e.event ->> 'data') as payload,
       e.event, h.name as hub, r.partition_id
from taskhub.history r
cross join lateral json_array_elements(r.events) with ordinality e(event, n)
join taskhub.partitions p on p.partition_id = r.partition_id
join taskhub.hubs h on h.hub_id = p.hub_id;
comment on view taskhub.history_events is
    'One row an event of an execution''s history; order by seq within instance and execution.';

create or replace view taskhub.executions_view as
select h.name as hub, r.instance_id, replace(r.execution_id::text, '-', '') as execution_id,
       r.execution_id = i.execution_id as present, min(r.at) as first_at, max(r.at) as last_at, count(*) as episodes,
       sum(json_array_length(r.events)) as events, r.partition_id
from taskhub.history r
join taskhub.partitions p on p.partition_id = r.partition_id
join taskhub.hubs h on h.hub_id = p.hub_id
left join taskhub.instances i on i.partition_id = r.partition_id and i.instance_id = r.instance_id
group by h.name, r.partition_id, r.instance_id, r.execution_id, i.execution_id;
comment on view taskhub.executions_view is
    'Executions whose history is there: the present one of an instance, and earlier ones that a rewind or the setting keep_history has left.';

create or replace view taskhub.inbox_view as
select h.name as hub, m.instance_id, taskhub.kind_name(m.kind) as kind, m.name,
       case when m.due = 'infinity' then 'held' when m.due > now() then 'scheduled' else 'due' end as state,
       nullif(nullif(m.due, '-infinity'), 'infinity') as due, m.payload, m.sent_at, m.message_no, m.message_id,
       m.ref, m.attempts, replace(m.execution_id::text, '-', '') as execution_id, m.body, m.partition_id
from taskhub.inbox m
join taskhub.partitions p on p.partition_id = m.partition_id
join taskhub.hubs h on h.hub_id = p.hub_id;
comment on view taskhub.inbox_view is
    'Messages to instances: due (to be taken by the owner), scheduled (timers too) or held (the instance can''t take it yet).';

create or replace view taskhub.early_events as
select h.name as hub, m.instance_id, m.name, m.payload, m.sent_at,
       m.sent_at + make_interval(secs => taskhub.early_seconds(h.settings)) as expires_at, m.message_no, m.message_id,
       m.partition_id
from taskhub.inbox m
join taskhub.partitions p on p.partition_id = m.partition_id
join taskhub.hubs h on h.hub_id = p.hub_id
where m.kind = 17 and m.start_id is null and m.due in ('-infinity', 'infinity')
  and not exists (select from taskhub.instances i
                  where i.partition_id = m.partition_id and i.instance_id = m.instance_id
                    and not taskhub.is_finished(i.status));
comment on view taskhub.early_events is
    'Events that are kept for instances that do not exist yet (setting early_events), and when each of them goes.';

-- What nobody takes who is alive says so.
create or replace view taskhub.activities_view as
with served as materialized (
    select distinct w.hub_id, n.kind, lower(n.name collate "C") as name
    from taskhub.workers w
    join taskhub.locks_view l on l.class = 'worker' and l.id = w.worker_id
    cross join lateral (select 0, unnest(w.activities) union all select 1, unnest(w.orchestrators)
                        union all select 2, unnest(w.entities)) n(kind, name)
    where w.dead_at is null
    union
    select s.hub_id, 0, s.name_key
    from taskhub.sql_activities s
    where exists (select from taskhub.workers w join taskhub.locks_view l on l.class = 'worker' and l.id = w.worker_id
                  where w.hub_id = s.hub_id and w.dead_at is null and w.roles like '%activities%')
)
select h.name as hub, a.instance_id, a.name, case when a.claimed_by is not null then 'claimed' when a.due = 'infinity' then 'parked' else 'queued' end as state,
       a.claimed_by as worker_id, w.host, w.pid, a.claimed_at, a.input, a.attempt, a.crashes,
       case when a.due > a.created_at then a.due end as due, a.created_at, a.priority, a.version, a.id, a.seq, a.task_id, a.claim_no,
       replace(a.execution_id::text, '-', '') as execution_id, a.partition_id,
       case a.kind when 0 then 'activity' when 1 then 'episode' else 'operations' end as kind,
       case when a.claimed_by is null and s.name is null
            then format('no worker for the %s "%s"',
                        case a.kind when 0 then 'activity' when 1 then 'orchestrator' else 'entity' end, a.name) end
           as problem
from taskhub.activities a
join taskhub.partitions p on p.partition_id = a.partition_id
join taskhub.hubs h on h.hub_id = p.hub_id
left join taskhub.workers w on w.worker_id = a.claimed_by
left join lateral (
    select s.name from served s
    where s.hub_id = h.hub_id and s.kind = a.kind and s.name in (lower(a.name collate "C"), '*') limit 1) s on true;
comment on view taskhub.activities_view is
    'Activities that have not completed, and episodes for another process: queued, parked as poison, or claimed and by which worker process; '
    'the problem if no worker that is alive has the name.';

create or replace view taskhub.unserved as
select v.hub, v.kind, min(v.name) as name, count(*) as waiting, min(greatest(v.due, v.created_at)) as since,
       min(v.problem) as problem
from taskhub.activities_view v
where v.problem is not null
group by v.hub, v.kind, lower(v.name collate "C");
comment on view taskhub.unserved is
    'Names that something waits for and that no worker has that is alive: it goes on when one comes.';

create or replace view taskhub.partitions_view as
select h.name as hub, p.partition_id, p.ordinal, l.pid is not null as held, p.worker_id, w.host, w.pid,
       l.pid as holder_pid, p.pen_pid, p.acquired_at, p.term, p.clean,
       (select count(*) from taskhub.inbox m where m.partition_id = p.partition_id and m.due <= now()) as due_messages,
       (select count(*) from taskhub.inbox m
        where m.partition_id = p.partition_id and m.due > now() and m.due < 'infinity') as scheduled_messages,
       (select count(*) from taskhub.activities a
        where a.partition_id = p.partition_id and a.claimed_by is null and a.due <= now()) as queued_activities
from taskhub.partitions p
join taskhub.hubs h on h.hub_id = p.hub_id
left join taskhub.workers w on w.worker_id = p.worker_id
left join taskhub.locks_view l on l.class = 'pen' and l.id = p.partition_id;
comment on view taskhub.partitions_view is
    'Partitions of hubs: whether somebody holds them now, the worker process that last took them, and how much waits there.';

create or replace view taskhub.workers_view as
select h.name as hub, w.worker_id, w.host, w.pid, l.pid is not null as alive, w.draining, w.roles, w.orchestrators,
       w.activities, w.program, w.started_at, w.dead_at, l.pid as session_pid, w.entities
from taskhub.workers w
left join taskhub.hubs h on h.hub_id = w.hub_id
left join taskhub.locks_view l on l.class = 'worker' and l.id = w.worker_id;
comment on view taskhub.workers_view is
    'Worker processes; alive means that the process holds its lock now, dead_at that it left or was given up.';

create or replace view taskhub.schedules_view as
select h.name as hub, s.name, s.expression, s.time_zone, s.orchestrator, s.input, s.overlap, s.missed, s.missed_limit,
       s.enabled, s.next_at, s.last_at, s.last_instance_id, taskhub.status_name(i.status) as last_status, s.problem,
       s.retry_at, s.created_at, s.updated_at
from taskhub.schedules s
join taskhub.hubs h on h.hub_id = s.hub_id
left join taskhub.instances i
       on i.partition_id = h.first_partition + (taskhub.partition_hash(s.last_instance_id) % h.partition_count)::int
      and i.instance_id = s.last_instance_id;
comment on view taskhub.schedules_view is
    'Schedules: when each is due next, what it started last and how that stands.';

create or replace view taskhub.sql_activities_view as
select h.name as hub, a.name, format('%I.%I(%s)', a.schema_name, a.function_name, nullif(a.argument, 'none')) as function,
       a.result, f.is_there, f.security_definer, a.created_by, a.created_at
from taskhub.sql_activities a
join taskhub.hubs h on h.hub_id = a.hub_id
cross join lateral (
    select count(*) > 0 as is_there, coalesce(bool_or(p.prosecdef), false) as security_definer
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = a.schema_name and p.proname = a.function_name
      and oidvectortypes(p.proargtypes) = case a.argument when 'none' then '' else a.argument end) f;
comment on view taskhub.sql_activities_view is
    'Activities whose name is bound to a function, and whether that function is there.';

-- How far passes over finished instances are. They go through the partitions in their order, so percent is by partitions.
create or replace view taskhub.purges_view as
select h.name as hub, u.purge_id, u.kind,
       case when u.finished_at is not null then 'finished'
            when u.purge_id = min(u.purge_id) filter (where u.finished_at is null) over (partition by u.hub_id, u.kind)
            then 'running' else 'waiting' end as state,
       u.deleted,
       case when u.finished_at is not null then 100
            else 100 * greatest(u.after_partition - h.first_partition, 0) / h.partition_count end as percent,
       u.asked_at, u.updated_at, u.finished_at, u.asked_by, nullif(u.created_from, '-infinity') as created_from,
       nullif(u.created_to, 'infinity') as created_to, array(select taskhub.status_name(s) from unnest(u.statuses) s) as statuses,
       u.recursive, u.completed_until
from taskhub.purges u join taskhub.hubs h on h.hub_id = u.hub_id;
comment on view taskhub.purges_view is
    'Purges that the engine carries out, asked for or by retention: what they have deleted and how far they are.';
