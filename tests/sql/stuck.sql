-- taskhub.stuck: shows what nothing will wake, and nothing else.
begin;
\ir helpers/taskhub_test.sql
select plan(40);
select taskhub_test.given_hub();
create function pg_temp.stuck() returns setof text language sql as
    $$ select instance_id from taskhub.stuck where hub = 'PgTapHub' order by 1 $$;
create function pg_temp.ago(p_seconds int) returns timestamptz language sql as $$ select now() - p_seconds * interval '1 s' $$;

select taskhub_test.given_instance('x', 'Running');
select results_eq('select * from pg_temp.stuck()', array['x'], 'an instance that waits for nothing is stuck');
select results_eq($$ select runtime_status, reason from taskhub.stuck where instance_id = 'x' $$,
    $$ values ('Running', 'it waits for nothing: no message, timer, activity, child or event') $$, 'and it says why');
update taskhub.instances set status = s.status from (select taskhub.status_number('Pending') status) s where instance_id = 'x';
select results_eq('select * from pg_temp.stuck()', array['x'], 'so is a pending one without its message');
update taskhub.instances set status = taskhub.status_number('Suspended') where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'a suspended one is not');
update taskhub.instances set status = taskhub.status_number('Completed') where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'nor is a finished one');
update taskhub.instances set status = 0, is_entity = true where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'nor is an entity');
update taskhub.instances set is_entity = false where instance_id = 'x';

-- Messages and timers. Without a live worker everything waits for one.
select taskhub_test.given_message('x', 17, '-infinity', pg_temp.ago(3600));
select is_empty('select * from pg_temp.stuck()', 'without a worker an old message waits for one');
select taskhub_test.given_session('worker');
insert into taskhub.workers (hub_id, host, pid, program, roles, incarnation)
select hub_id, 'h', 1, 'p', 'orchestrators,activities', 'i' from taskhub.hubs where name = 'PgTapHub';
create temp table w as select max(worker_id) as id from taskhub.workers;
select dblink_exec('worker', 'do $d$ begin perform pg_advisory_lock(x''74680002''::int, ' || id || '); end $d$') from w;
select results_eq('select * from pg_temp.stuck()', array['x'], 'with one it is overdue');
select results_eq($$ select reason, since from taskhub.stuck where instance_id = 'x' $$,
    $$ values ('a message is overdue', pg_temp.ago(3600)) $$, 'and it says since when');
select taskhub.pause_hub();
select is_empty('select * from pg_temp.stuck()', 'not in a paused hub');
select taskhub.resume_hub();
select is_empty('select * from pg_temp.stuck()', 'nor a moment after it was resumed');
update taskhub.hubs set resumed_at = pg_temp.ago(31) where name = 'PgTapHub';
select results_eq('select * from pg_temp.stuck()', array['x'], 'but then it is');
update taskhub.hubs set resumed_at = null where name = 'PgTapHub';
update taskhub.workers set roles = 'activities' from w where worker_id = w.id;
select is_empty('select * from pg_temp.stuck()', 'a worker for activities only is no reason');
update taskhub.workers set roles = 'orchestrators' from w where worker_id = w.id;
update taskhub.inbox set sent_at = pg_temp.ago(10) where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'a message of 10 s ago is not overdue');
update taskhub.inbox set sent_at = pg_temp.ago(3600), due = pg_temp.ago(10) where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'nor is a timer that was due 10 s ago');
update taskhub.inbox set due = pg_temp.ago(-3600) where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'nor one that is due in an hour');
update taskhub.inbox set due = 'infinity' where instance_id = 'x';
select results_eq('select * from pg_temp.stuck()', array['x'], 'a held message wakes nobody');
update taskhub.inbox set due = pg_temp.ago(-3600), execution_id = gen_random_uuid() where instance_id = 'x';
select results_eq('select * from pg_temp.stuck()', array['x'], 'nor does the timer of an older run');
delete from taskhub.inbox where instance_id = 'x';

-- Activities.
insert into taskhub.activities (partition_id, id, instance_id, start_id, execution_id, seq, task_id, name)
select partition_id, 1, instance_id, start_id, execution_id, 1, 1, 'act' from taskhub.instances where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'it may wait for a queued activity');
update taskhub.activities set claimed_by = w.id, claimed_at = pg_temp.ago(3600) from w where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'or for one that a live worker runs');
update taskhub.activities set claimed_by = 2000000000 where instance_id = 'x';
select results_eq($$ select reason from taskhub.stuck where instance_id = 'x' $$,
    $$ values ('its activity is claimed by worker 2000000000, which is gone') $$, 'but not for one whose worker is gone');
update taskhub.activities set claimed_at = pg_temp.ago(10) where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'unless that was claimed a moment ago');
delete from taskhub.activities where instance_id = 'x';

-- Children.
select taskhub_test.given_instance('child', 'Suspended');
update taskhub.instances c set parent_instance_id = 'x', parent_execution_id = p.execution_id
from taskhub.instances p where c.instance_id = 'child' and p.instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'it may wait for a child');
update taskhub.instances set status = 1 where instance_id = 'child';
select results_eq('select * from pg_temp.stuck()', array['x'], 'but not for one that has finished');
delete from taskhub.instances where instance_id = 'child';
insert into taskhub.inbox (partition_id, instance_id, kind, name, body)
select taskhub.partition_of('child'), 'child', 3, 'c', json_build_object('parent',
    json_build_object('instanceId', 'x', 'executionId', replace(execution_id::text, '-', '')))::text
from taskhub.instances where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'it may wait for a child that is about to start');
update taskhub.inbox set kind = 30 where instance_id = 'child';
select is_empty('select * from pg_temp.stuck()', 'or to be rewound with it');
update taskhub.inbox set sent_at = pg_temp.ago(60) where instance_id = 'child';
select results_eq('select * from pg_temp.stuck()', array['x'], 'but not for ever');

-- Events.
select taskhub_test.given_episode('x', '[]', '{"waits":["Approved"]}', 0);
select is_empty('select * from pg_temp.stuck()', 'it may wait for an event');
select taskhub_test.given_episode('x', '[]', null, 1);
select results_eq('select * from pg_temp.stuck()', array['x'], 'if the last episode says so');
select taskhub_test.given_episode('x', '[]', '{"waits":["Approved"]}', 2);
update taskhub.instances set execution_id = gen_random_uuid() where instance_id = 'x';
select results_eq('select * from pg_temp.stuck()', array['x'], 'of the present run');

-- Entities: what is asked of one is waited for, unless it holds it for nobody.
delete from taskhub.history where instance_id = 'x';
insert into taskhub.inbox (partition_id, instance_id, kind, name, body)
select taskhub.partition_of('@c@k'), '@c@k', 24, 'add',
       json_build_object('parentInstanceId', 'x', 'parentExecutionId', replace(execution_id::text, '-', ''))::text
from taskhub.instances where instance_id = 'x';
select is_empty('select * from pg_temp.stuck()', 'it may wait for an entity');
update taskhub.inbox set sent_at = pg_temp.ago(1000) where instance_id = '@c@k';
select is_empty('select * from pg_temp.stuck()', 'whose operations may take their time');
update taskhub.inbox set sent_at = pg_temp.ago(4000) where instance_id = '@c@k';
select results_eq('select * from pg_temp.stuck()', array['x'], 'but not for ever');
update taskhub.inbox set due = 'infinity' where instance_id = '@c@k';
select results_eq('select * from pg_temp.stuck()', array['x'], 'nor if it is held for nobody');
select taskhub_test.given_instance('@c@k');
update taskhub.instances set is_entity = true where instance_id = '@c@k';
select results_eq('select * from pg_temp.stuck()', array['@c@k', 'x'], 'then the entity is stuck too');
update taskhub.instances e set lock_holder = json_build_object('instanceId', 'x', 'executionId', x.execution_id,
                                                              'criticalSectionId', 'a-section')::text
from taskhub.instances x where x.instance_id = 'x' and e.instance_id = '@c@k';
select is_empty('select * from pg_temp.stuck()', 'a live run may have it locked');
delete from taskhub.instances where instance_id = 'x';
select results_eq('select instance_id, reason from taskhub.stuck where hub = ''PgTapHub''',
    $$ values ('@c@k' collate "C", 'a message is overdue, or a run that has ended has it locked') $$, 'one that has ended may not');
insert into taskhub.inbox (partition_id, instance_id, kind, body)
values (taskhub.partition_of('@b@k'), '@b@k', 29, '{"criticalSectionId":"a-section"}');
select is_empty('select * from pg_temp.stuck()', 'unless its release is on the way');
update taskhub.instances set lock_holder = null where instance_id = '@c@k';
delete from taskhub.inbox where instance_id = '@c@k';
select is_empty('select * from pg_temp.stuck()', 'an entity waits by nature');
select is((select count(*) from taskhub.stuck where hub = 'PgTapHub'), 0::bigint, 'and nothing else is left');
select dblink_disconnect('worker');

select * from finish();
rollback;
