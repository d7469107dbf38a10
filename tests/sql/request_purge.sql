-- taskhub.request_purge, and the steps that the engine takes: what was asked for first, then the hub's retention.
begin;
\ir helpers/taskhub_test.sql
select plan(28);
select taskhub_test.given_hub(3);
set local taskhub.now = '2026-03-01 00:00:00Z';
create function pg_temp.steps() returns int language plpgsql as $$
declare
    v_n int := 0;
begin
    while (select wait from taskhub.purge_step('PgTapHub', 100)) = interval '0' and v_n < 1000 loop
        v_n := v_n + 1;
    end loop;
    return v_n;
end
$$;
create function pg_temp.left_over() returns text language sql as
    $$ select string_agg(instance_id, ' ' order by instance_id) from taskhub.instances_view where hub = 'PgTapHub' $$;

select results_eq($$ select deleted, wait from taskhub.purge_step('PgTapHub') $$, $$ values (0::bigint, null::interval) $$, 'nothing is to be done');
select throws_ok($$ select taskhub.request_purge(null) $$, 'TH006', 'created_from: must not be null', 'a beginning is needed');
select throws_ok($$ select taskhub.request_purge('-infinity', null, '{Odd}') $$, 'TH006', null, 'and known statuses');
select throws_ok($$ select taskhub.request_purge('-infinity', p_hub => 'Nowhere') $$, 'TH006', null, 'and a hub');
select taskhub_test.given_instance('i' || n, case when n % 3 = 0 then 'Failed' else 'Completed' end, '2026-02-01Z') from generate_series(1, 900) n;
select taskhub_test.given_instance('live', 'Running', '2026-02-01Z');
select taskhub_test.given_instance('late', 'Completed', '2026-03-02Z');
select isnt(taskhub.request_purge('-infinity', null, array['Completed']), null, 'a purge is asked for');
select isnt(taskhub.request_purge('-infinity'), null, 'and another one');
select results_eq($$ select state, deleted, percent, asked_by, created_to from taskhub.purges_view where hub = 'PgTapHub' order by purge_id $$,
    $$ values ('running', 0::bigint, 0, session_user::text collate "default", timestamptz '2026-03-01Z'), ('waiting', 0, 0, session_user::text, '2026-03-01Z') $$, 'they wait in line');
select is((select deleted from taskhub.purge_step('PgTapHub', 100)), 100::bigint, 'a step is small');
select is((select deleted from taskhub.purges_view where hub = 'PgTapHub' and state = 'running'), 100::bigint, 'its progress is seen');
select cmp_ok(pg_temp.steps(), '>=', 8, 'it takes many');
select is(pg_temp.left_over(), 'late live', 'until all are gone but what lives, and what came after it was asked for');
select results_eq($$ select state, deleted, percent from taskhub.purges_view where hub = 'PgTapHub' order by purge_id $$,
    $$ values ('finished', 600::bigint, 100), ('finished', 300, 100) $$, 'each counts its own');
select is((select count(*) from taskhub.audit where hub = 'PgTapHub' and act = 'request_purge'), 2::bigint, 'both are written down');
delete from taskhub.instances where instance_id in ('late', 'live');

-- Retention.
select taskhub.set_hub('keep_completed', '30 days');
select taskhub_test.given_instance(s || ' ' || d, s, ('2026-' || d || 'Z')::timestamptz)
from unnest(array['Completed', 'Failed', 'Running']) s, unnest(array['01-01', '02-27']) d;
select is(pg_temp.steps(), 1, 'a pass of the retention begins');
select is(pg_temp.left_over(), 'Completed 02-27 Failed 01-01 Failed 02-27 Running 01-01 Running 02-27', 'those that ended so, so long ago, go');
select results_eq($$ select wait from taskhub.purge_step('PgTapHub') $$, array[interval '1 hour'], 'the next pass is in an hour');
select taskhub.set_hub('keep_failed', '1 day');
set local taskhub.now = '2026-03-01 01:00:00Z';
select pg_temp.steps();
select is(pg_temp.left_over(), 'Completed 02-27 Running 01-01 Running 02-27', 'each status has its time');
set local taskhub.now = '2026-03-03 02:00:00Z';
select taskhub.set_hub('keep_completed', null), taskhub.set_hub('keep_failed', null);
select taskhub.set_hub('keep_audit', '1 day');
select pg_temp.steps();
select is((select count(*) from taskhub.audit where hub = 'PgTapHub' and at < '2026-03-02 02:00Z'), 0::bigint, 'the audit has its time too');
select cmp_ok((select count(*) from taskhub.audit where hub = 'PgTapHub'), '>', 0::bigint, 'what is younger stays');
select is((select count(*) from taskhub.purges where hub_id = (taskhub.resolve_hub()).hub_id and kind = 'retention'), 1::bigint, 'old passes of the retention are forgotten');

-- A sub-orchestration stays for as long as the run that asked for it.
delete from taskhub.instances where name = 'hello';
select taskhub_test.given_instance(i, s, '2026-01-01Z') from (values ('eternal', 'Running'), ('kid', 'Completed'), ('older', 'Completed'), ('orphan', 'Completed')) g(i, s);
update taskhub.instances k set parent_instance_id = 'eternal', parent_execution_id = p.execution_id from taskhub.instances p
where k.instance_id = 'kid' and p.instance_id = 'eternal';
update taskhub.instances set parent_instance_id = 'eternal', parent_execution_id = gen_random_uuid() where instance_id = 'older';
update taskhub.instances set parent_instance_id = 'gone', parent_execution_id = gen_random_uuid() where instance_id = 'orphan';
select taskhub_test.given_episode('eternal', '[{"kind":"SubOrchestrationInstanceCreated","instanceId":"kid"}]');
select taskhub.set_hub('keep_completed', '30 days');
set local taskhub.now = '2026-03-04 02:00:00Z';
select pg_temp.steps();
select is(pg_temp.left_over(), 'eternal kid', 'the child of a run that is there stays; that of an older run, or of nobody, does not');
update taskhub.instances set status = 1, completed_at = '2026-01-02Z' where instance_id = 'eternal';
set local taskhub.now = '2026-03-05 02:00:00Z';
select pg_temp.steps();
select is(pg_temp.left_over(), null, 'it goes with its parent');

-- Settings.
select throws_ok(format('select taskhub.set_hub(%L, %L)', 'keep_failed', v), 'TH006', null, 'not for ' || v)
from unnest(array['soon', '-1 day', '2000 years', '']) v;
select is(taskhub_test.state_as('taskhub_client', $$ select taskhub.request_purge('-infinity') $$), '00000', 'a client may ask');
select is(taskhub_test.state_as('taskhub_client', $$ select taskhub.purge_step('PgTapHub') $$), '42501', 'and not take steps');

select * from finish();
rollback;
