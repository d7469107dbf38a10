-- taskhub.explain: each thing that an instance may wait for is told, and nothing else.
begin;
\ir helpers/taskhub_test.sql
select plan(43);
select taskhub_test.given_hub();
create function pg_temp.reasons(p_id text) returns setof text language sql as
    $$ select reason from taskhub.explain(p_id) order by 1 $$;
create function pg_temp.says(p_id text, p_reason text) returns text language sql as
    $$ select sentence from taskhub.explain(p_id) where reason = p_reason limit 1 $$;
create function pg_temp.ago(p_seconds int) returns timestamptz language sql as $$ select now() - p_seconds * interval '1 s' $$;

select throws_ok($$ select * from taskhub.explain('nobody') $$, 'TH001', null, 'an unknown instance is refused');
select throws_ok($$ select * from taskhub.explain('x', 'Nowhere') $$, 'TH006', null, 'so is an unknown hub');
select taskhub_test.given_instance('done', 'Failed', '2026-01-02 03:04:05Z');
select results_eq($$ select reason, sentence, since from taskhub.explain('done') $$,
    $$ values ('finished', 'it is Failed since 2026-01-02T03:04:05Z', timestamptz '2026-01-02 03:04:05Z') $$, 'one that has ended');
select taskhub_test.given_instance('x', 'Running');
select results_eq($$ select * from pg_temp.reasons('x') $$, array['stuck'], 'one that waits for nothing');

-- Starts, timers, messages.
select taskhub_test.given_instance('later', 'Pending');
select taskhub_test.given_message('later', 3, pg_temp.ago(-3600));
select results_eq($$ select reason, due from taskhub.explain('later') $$,
    $$ values ('scheduled_start', pg_temp.ago(-3600)) $$, 'a start that is not due');
select taskhub_test.given_message('x', 13, pg_temp.ago(-60));
select results_eq($$ select reason, due from taskhub.explain('x') $$, $$ values ('timer', pg_temp.ago(-60)) $$, 'a timer');
update taskhub.inbox set execution_id = gen_random_uuid() where instance_id = 'x';
select results_eq($$ select * from pg_temp.reasons('x') $$, array['stuck'], 'not one of an older run');
delete from taskhub.inbox;
select taskhub_test.given_message('x', 17, '-infinity', pg_temp.ago(3600));
select results_eq($$ select reason, sentence like '1 messages (EventRaised) wait since %: none is alive' from taskhub.explain('x') $$,
    $$ values ('no_worker', true) $$, 'a message for which there is no process');
select taskhub_test.given_session('worker');
insert into taskhub.workers (hub_id, host, pid, program, roles, incarnation, orchestrators, activities)
select hub_id, 'h', 1, 'p', 'orchestrators,activities', 'i', '{other}', '{Other}' from taskhub.hubs where name = 'PgTapHub';
create temp table w as select max(worker_id) as id from taskhub.workers;
select dblink_exec('worker', 'do $d$ begin perform pg_advisory_lock(x''74680002''::int, ' || id || '); end $d$') from w;
select results_eq($$ select * from pg_temp.reasons('x') $$, array['overdue'], 'one that is overdue');
select taskhub.pause_hub('lunch');
select results_eq($$ select * from pg_temp.reasons('x') $$, array['hub_paused', 'message'], 'not while the hub is paused');
select ok(pg_temp.says('x', 'hub_paused') like 'hub "PgTapHub" is paused since % by postgres: lunch', 'who did that, and why');
select taskhub.resume_hub();
select results_eq($$ select * from pg_temp.reasons('x') $$, array['message'], 'nor when it has just been resumed');
update taskhub.hubs set resumed_at = pg_temp.ago(31) where name = 'PgTapHub';
select results_eq($$ select * from pg_temp.reasons('x') $$, array['overdue'], 'but a while after that');
select isnt_empty($$ select from taskhub.stuck where instance_id = 'x' $$, 'which is in taskhub.stuck too');
update taskhub.inbox set sent_at = pg_temp.ago(1);
select results_eq($$ select * from pg_temp.reasons('x') $$, array['message'], 'one that is about to be taken');
update taskhub.inbox set due = 'infinity';
select results_eq($$ select * from pg_temp.reasons('x') $$, array['held'], 'one that it can''t take yet');
delete from taskhub.inbox;

-- Episodes that the owner has no app for.
insert into taskhub.activities (partition_id, id, kind, instance_id, start_id, execution_id, seq, task_id, name, created_at)
select partition_id, 1, 1, instance_id, start_id, execution_id, 0, 0, 'hello', pg_temp.ago(60) from taskhub.instances where instance_id = 'x';
select ok(pg_temp.says('x', 'no_worker') like 'an episode of orchestrator "hello" waits since % for a process that has an orchestrator of that name: none is alive',
    'an episode that none of the processes can take');
update taskhub.workers set orchestrators = '{HELLO}';
select results_eq($$ select * from pg_temp.reasons('x') $$, array['throttled'], 'one that a process can');
delete from taskhub.activities;

-- Activities.
insert into taskhub.activities (partition_id, id, instance_id, start_id, execution_id, seq, task_id, name, created_at)
select partition_id, 1, instance_id, start_id, execution_id, 4, 1, 'act', pg_temp.ago(60) from taskhub.instances where instance_id = 'x';
select results_eq($$ select reason, subject, since from taskhub.explain('x') $$,
    $$ values ('no_worker', 'act', pg_temp.ago(60)) $$, 'an activity that no process has');
update taskhub.workers set activities = '{ACT}';
select results_eq($$ select * from pg_temp.reasons('x') $$, array['throttled'], 'one that waits for a free place');
update taskhub.activities set created_at = now();
select results_eq($$ select * from pg_temp.reasons('x') $$, array['activity'], 'one that is about to be taken');
update taskhub.activities set claimed_by = w.id, claimed_at = pg_temp.ago(5), claim_no = 3 from w;
select results_eq($$ select reason, since, subject, worker_id, host, pid, delivery from taskhub.explain('x') $$,
    $$ select 'activity', pg_temp.ago(5), 'act', id, 'h', 1, 3 from w $$, 'one that runs: since when, where, which delivery');
update taskhub.activities set claimed_by = 2000000000;
select results_eq($$ select * from pg_temp.reasons('x') $$, array['activity_lost'], 'one whose worker is gone');
update taskhub.activities set claimed_by = null, due = pg_temp.ago(-30);
select results_eq($$ select reason, due from taskhub.explain('x') $$,
    $$ values ('activity_delayed', pg_temp.ago(-30)) $$, 'one that is tried again later');
delete from taskhub.activities;

-- What the history tells.
select taskhub_test.given_episode('x', '[{"kind":"OrchestratorStarted","t":0},{"kind":"SubOrchestrationInstanceCreated","id":1,
    "instanceId":"child","name":"kid"}]');
select results_eq($$ select reason, subject from taskhub.explain('x') $$, $$ values ('child', 'child') $$, 'a sub-orchestration');
select ok(pg_temp.says('x', 'child') like '%(kid) %: it is about to be created', 'that is not there yet');
select taskhub_test.given_instance('child', 'Suspended');
select ok(pg_temp.says('x', 'child') like '%: it is Suspended', 'and how it stands');
select taskhub_test.given_episode('x', '[{"kind":"SubOrchestrationInstanceCompleted","ref":1}]', null, 1, 2);
select results_eq($$ select * from pg_temp.reasons('x') $$, array['stuck'], 'not one that has answered');
select taskhub_test.given_episode('x', '[{"kind":"EntityOperationCalled","id":2,"target":"@c@k","operation":"add"}]', null, 2, 3);
select results_eq($$ select reason, subject from taskhub.explain('x') $$, $$ values ('entity', '@c@k') $$, 'an entity that was called');
select taskhub_test.given_instance('@c@k');
select results_eq($$ select * from pg_temp.reasons('@c@k') $$, array['stuck'], 'an instance of that id');
update taskhub.instances set is_entity = true where instance_id = '@c@k';
select results_eq($$ select * from pg_temp.reasons('@c@k') $$, array['idle'], 'an entity waits by nature');
update taskhub.instances set lock_holder = '{"instanceId":"other"}' where instance_id = '@c@k';
select results_eq($$ select reason, subject from taskhub.explain('@c@k') $$, $$ values ('locked', 'other') $$, 'and may be locked');
select ok(pg_temp.says('x', 'entity') like '%; instance "other" has it locked', 'which is why it does not answer');
select taskhub_test.given_episode('x', '[{"kind":"EntityOperationCompleted","ref":3},
    {"kind":"EntityLockRequested","lockSet":["@c@k","@d@k"]}]', null, 3, 4);
select results_eq($$ select subject from taskhub.explain('x') where reason = 'lock' order by 1 $$, array['@c@k', '@d@k'],
    'a lock that was asked for, one row an entity');
select ok(pg_temp.says('x', 'lock') like '%instance "other" has it', 'and who has it');
select taskhub_test.given_episode('x', '[{"kind":"EntityLockGranted","ref":5}]', '{"waits":["B","A"]}', 4, 6);
select results_eq($$ select reason, subject from taskhub.explain('x') order by 2 $$, $$ values ('event', 'A'), ('event', 'B') $$,
    'the events that it waits for');
select taskhub_test.given_episode('x', '[{"kind":"ExecutionSuspended","reason":"lunch","t":1000000}]', '{"waits":["A"]}', 5, 7);
update taskhub.instances set status = taskhub.status_number('Suspended') where instance_id = 'x';
select results_eq($$ select * from pg_temp.reasons('x') $$, array['event', 'suspended'], 'its suspension, first');
select is(pg_temp.says('x', 'suspended'), 'it is suspended since 1970-01-01T00:00:01Z: lunch', 'since when, and why');
update taskhub.instances set execution_id = gen_random_uuid() where instance_id = 'x';
select results_eq($$ select * from pg_temp.reasons('x') $$, array['suspended'], 'nothing of an older run');
select dblink_disconnect('worker');

-- Who may ask.
select is(taskhub_test.state_as(r, $$ select * from taskhub.explain('x') $$), '00000', r || ' may ask')
from unnest(array['taskhub_reader', 'taskhub_client', 'taskhub_admin']) r;
select is(taskhub_test.state_as('taskhub_reader', $$ select * from taskhub.live_workers(1) $$), '42501', 'the inner ones are not theirs');

select * from finish();
rollback;
