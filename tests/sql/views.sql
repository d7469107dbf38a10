-- The views for people.
begin;
\ir helpers/taskhub_test.sql
select plan(25);
select taskhub_test.given_hub();

-- instances_view
select taskhub_test.given_instance('a', 'Completed');
select results_eq(
    $$ select hub collate "default", instance_id collate "default", name, runtime_status, input, output, is_entity from taskhub.instances_view where instance_id = 'a' $$,
    $$ values ('PgTapHub', 'a', 'hello', 'Completed', '1', '"done"', false) $$, 'an instance is shown with names for numbers');
select is((select execution_id from taskhub.instances_view where instance_id = 'a'),
    (select replace(execution_id::text, '-', '') from taskhub.instances where instance_id = 'a'), 'its execution id is 32 hex digits');

-- history_events
select taskhub_test.given_episode('a', $$[
    {"kind":"OrchestratorStarted"},
    {"kind":"ExecutionStarted","t":1767323045123456,"name":"hello","input":"{\"a\":\"\\u0000\"}"},
    {"kind":"TaskScheduled","id":0,"name":"say","input":""},
    {"kind":"TimerCreated","id":1,"fireAt":"2026-01-02T03:04:05.1234567Z"}]$$);
select taskhub_test.given_episode('a', $$[
    {"kind":"OrchestratorStarted","t":1767323045500000},
    {"kind":"TaskCompleted","ref":2,"task_id":0,"result":"\"hi\""},
    {"kind":"EntityOperationCalled","id":2,"operation":"add","requestId":"r","data":"{}"},
    {"kind":"ExecutionTerminated","input":"free text"}]$$, null, 1, 4);
select results_eq($$ select episode, seq, kind, id, ref from taskhub.history_events where instance_id = 'a' order by seq $$,
    $$ values (0, 0, 'OrchestratorStarted', null::int, null::int), (0, 1, 'ExecutionStarted', null, null), (0, 2, 'TaskScheduled', 0, null),
              (0, 3, 'TimerCreated', 1, null), (1, 4, 'OrchestratorStarted', null, null), (1, 5, 'TaskCompleted', null, 2),
              (1, 6, 'EntityOperationCalled', 2, null), (1, 7, 'ExecutionTerminated', null, null) $$,
    'an event a row, numbered over all episodes');
select results_eq($$ select seq, name, payload from taskhub.history_events where instance_id = 'a' and seq not in (0, 3, 4) order by seq $$,
    $$ values (1, 'hello', '{"a":"\u0000"}'), (2, 'say', ''), (5, null, '"hi"'), (6, 'add', '{}'), (7, null, 'free text') $$,
    'name and payload under one column each, byte for byte');
select is((select array_agg(seq order by seq) from taskhub.history_events where instance_id = 'a' and payload is null), array[0, 3, 4],
    'an absent payload is null, an empty one is not');
select is((select at from taskhub.history_events where instance_id = 'a' and seq = 1), '2026-01-02 03:04:05.123456Z'::timestamptz,
    'an event has its own time, to the microsecond');
select is((select at from taskhub.history_events where instance_id = 'a' and seq = 2), '2026-01-02 03:04:05Z'::timestamptz,
    'or else that of its episode');
select is((select event ->> 'fireAt' from taskhub.history_events where instance_id = 'a' and seq = 3), '2026-01-02T03:04:05.1234567Z',
    'the whole event is there too');
select is((select distinct execution_id from taskhub.history_events where instance_id = 'a'),
    (select execution_id from taskhub.get_instance('a')), 'with the same execution id');
select taskhub_test.given_instance('empty');
select taskhub_test.given_episode('empty', '[]');
select is_empty($$ select * from taskhub.history_events where instance_id = 'empty' $$, 'an episode without events shows none');

-- inbox_view
select taskhub_test.given_message('empty', 17);
select taskhub_test.given_message('empty', 13, now() + interval '1 h');
select taskhub_test.given_message('empty', 13, now() - interval '1 h');
select taskhub_test.given_message('empty', 17, 'infinity');
select results_eq($$ select hub collate "default", kind, state, due from taskhub.inbox_view where instance_id = 'empty' order by message_no $$,
    $$ values ('PgTapHub', 'EventRaised', 'due', null), ('PgTapHub', 'TimerFired', 'scheduled', now() + interval '1 h'),
              ('PgTapHub', 'TimerFired', 'due', now() - interval '1 h'), ('PgTapHub', 'EventRaised', 'held', null) $$,
    'a message is due, scheduled or held');

-- workers_view, partitions_view, activities_view, locks_view
insert into taskhub.workers (hub_id, host, pid, program, roles, incarnation)
select hub_id, 'host-1', 42, 'p', 'orchestrators,activities', 'i' from taskhub.hubs where name = 'PgTapHub';
create temp table w as select max(workers.worker_id) as id, min(partition_id) as p
from taskhub.workers, taskhub.partitions_view where hub = 'PgTapHub';
insert into taskhub.activities (partition_id, id, instance_id, start_id, execution_id, seq, task_id, name, claimed_by, claimed_at)
select partition_id, n, instance_id, start_id, execution_id, n, n, 'act', case n when 2 then w.id end, case n when 2 then now() end
from w, taskhub.instances, generate_series(1, 2) n where instance_id = 'empty';
update taskhub.partitions set worker_id = w.id from w where partition_id = w.p;

select results_eq($$ select hub collate "default", id, state, worker_id is not null, host, pid, due from taskhub.activities_view where instance_id = 'empty' order by id $$,
    $$ values ('PgTapHub', 1::bigint, 'queued', false, null, null::int, null::timestamptz), ('PgTapHub', 2, 'claimed', true, 'host-1', 42, null) $$,
    'an activity is queued, or claimed by a worker on a host');
select results_eq($$ select alive, draining, session_pid from taskhub.workers_view where hub = 'PgTapHub' $$,
    $$ values (false, false, null::int) $$, 'a worker without its lock is not alive');
select results_eq($$ select held, worker_id is not null, host, holder_pid from taskhub.partitions_view where hub = 'PgTapHub' order by ordinal $$,
    $$ values (false, true, 'host-1', null::int), (false, false, null, null), (false, false, null, null), (false, false, null, null) $$,
    'a partition without its lock is not held');
select results_eq($$ select due_messages, scheduled_messages, queued_activities from taskhub.partitions_view
    where partition_id = taskhub.partition_of('empty', 'PgTapHub') $$, $$ values (2::bigint, 1::bigint, 1::bigint) $$,
    'a partition shows how much is due, scheduled and queued');

select taskhub_test.given_session('worker');
select dblink_exec('worker', format('do $d$ begin perform pg_advisory_lock(x''74680002''::int, %s), pg_advisory_lock(x''74680001''::int, %s), pg_advisory_lock(1, %s), pg_advisory_lock(%s); end $d$',
    id, p, id, id)) from w;
select is((select count(*) from taskhub.locks_view), 2::bigint, 'only locks of the two kinds count');
select ok((select alive and session_pid is not null from taskhub.workers_view where hub = 'PgTapHub'), 'a worker with its lock is alive');
select results_eq($$ select held, holder_pid is not null from taskhub.partitions_view where hub = 'PgTapHub' order by ordinal $$,
    $$ values (true, true), (false, false), (false, false), (false, false) $$, 'a partition with its lock is held');
select dblink_exec('worker', 'do $d$ begin perform pg_advisory_unlock_all(), pg_advisory_lock_shared(x''74680002''::int, ' || id || '); end $d$') from w;
select ok(not (select alive from taskhub.workers_view where hub = 'PgTapHub'), 'a shared lock, which only asks, does not count');
select dblink_disconnect('worker');

-- Columns that people's own views may stand on: these come first, in this order, for ever.
select is((select array_agg(attname::text order by attnum) from pg_attribute where attrelid = ('taskhub.' || v)::regclass and attnum between 1 and cardinality(columns)),
    columns, v || ' keeps its first columns')
from (values
    ('instances_view', array['hub', 'instance_id', 'name', 'version', 'runtime_status', 'input', 'output', 'failure', 'custom_status',
        'created_at', 'updated_at', 'completed_at', 'execution_id', 'partition_id', 'parent_instance_id', 'parent_execution_id']),
    ('history_events', array['instance_id', 'execution_id', 'episode', 'seq', 'kind', 'id', 'ref', 'at', 'name', 'payload', 'event', 'hub', 'partition_id']),
    ('inbox_view', array['hub', 'instance_id', 'kind', 'name', 'state', 'due', 'payload', 'sent_at', 'message_no']),
    ('activities_view', array['hub', 'instance_id', 'name', 'state', 'worker_id', 'host', 'pid', 'claimed_at']),
    ('partitions_view', array['hub', 'partition_id', 'ordinal', 'held', 'worker_id', 'host', 'pid', 'holder_pid', 'pen_pid']),
    ('workers_view', array['hub', 'worker_id', 'host', 'pid', 'alive', 'draining', 'roles', 'orchestrators', 'activities'])) t(v, columns);

select * from finish();
rollback;
