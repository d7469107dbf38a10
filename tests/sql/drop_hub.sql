-- taskhub.drop_hub: all or nothing of a hub that nobody serves.
begin;
\ir helpers/taskhub_test.sql
select plan(10);
select taskhub_test.given_hub();
select taskhub.create_hub('PgTapOther');
select taskhub.start_instance('hello', p_instance_id => 'a', p_hub => hub) from (values ('PgTapHub'), ('PgTapOther')) h(hub);
select taskhub_test.given_episode('a', '[]');
insert into taskhub.workers (hub_id, host, pid, program, roles, incarnation)
select hub_id, 'h', 1, 'p', 'orchestrators', 'i' from taskhub.hubs where name = 'PgTapHub';
insert into taskhub.activities (partition_id, id, instance_id, start_id, execution_id, seq, task_id, name)
select partition_id, 1, instance_id, start_id, execution_id, 1, 1, 'act' from taskhub.instances;
select taskhub.create_key('ci', 'system', sha256('a'), hub) from (values ('PgTapHub'), ('PgTapOther')) h(hub);

select throws_ok($$ select taskhub.drop_hub(null) $$, 'TH006', 'name: must not be null',
    'the default hub is never dropped by leaving out the name');
select throws_ok($$ select taskhub.drop_hub('Nowhere') $$, 'TH006', null, 'an unknown hub is refused');

select taskhub_test.given_session('owner');
select dblink_exec('owner', 'do $d$ begin perform pg_advisory_lock(x''74680001''::int, '
    || (select first_partition + 1 from taskhub.hubs where name = 'PgTapHub') || '); end $d$');
select throws_like($$ select taskhub.drop_hub('PgTapHub') $$, 'hub "PgTapHub" is in use: partition % has an owner',
    'a hub with an owned partition stays');
select dblink_exec('owner', 'do $d$ begin perform pg_advisory_unlock_all(); end $d$');
select dblink_exec('owner', 'do $d$ begin perform pg_advisory_lock(x''74680002''::int, '
    || (select max(worker_id) from taskhub.workers) || '); end $d$');
select throws_like($$ select taskhub.drop_hub('PgTapHub') $$, 'hub "PgTapHub" is in use: worker % is alive',
    'a hub with a live worker stays');
select throws_ok($$ select taskhub.drop_hub('PgTapHub') $$, 'TH004', null, 'that has the state TH004');
select dblink_disconnect('owner');

-- The other session's end is noticed a moment later.
do $$
begin
    for i in 1 .. 500 loop
        exit when not exists (select from taskhub.locks_view);
        perform pg_sleep(0.01);
    end loop;
end
$$;
select lives_ok($$ select taskhub.drop_hub('pgtaphub') $$, 'a hub that nobody serves goes');
select is((select count(*) from taskhub.hubs where name = 'PgTapHub'), 0::bigint, 'its row is gone');
select is(
    (select count(*) from taskhub.instances where not exists (select from taskhub.partitions p where p.partition_id = instances.partition_id))
    + (select count(*) from taskhub.inbox where not exists (select from taskhub.partitions p where p.partition_id = inbox.partition_id))
    + (select count(*) from taskhub.history where not exists (select from taskhub.partitions p where p.partition_id = history.partition_id))
    + (select count(*) from taskhub.activities where not exists (select from taskhub.partitions p where p.partition_id = activities.partition_id))
    + (select count(*) from taskhub.workers where not exists (select from taskhub.hubs h where h.hub_id = workers.hub_id)),
    0::bigint, 'and so is all that was in it');
select is((select count(*) from taskhub.keys) + (select count(*) from taskhub.hub_secrets s where not exists
    (select from taskhub.hubs h where h.hub_id = s.hub_id)), 1::bigint, 'its keys too');
select is((select count(*) from taskhub.instances_view where hub = 'PgTapOther'), 1::bigint, 'another hub keeps its own');

select * from finish();
rollback;
