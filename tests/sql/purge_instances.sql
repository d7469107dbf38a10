-- taskhub.purge_instances: by time and status, finished ones only.
begin;
\ir helpers/taskhub_test.sql
select plan(15);
select taskhub_test.given_hub(3);
select taskhub_test.given_instance(s || ' ' || d, s, ('2026-01-' || d || 'T00:00:00Z')::timestamptz)
from unnest(array['Running', 'Suspended', 'Completed', 'Failed', 'Canceled', 'Terminated']) s, unnest(array['01', '02', '03']) d;
select taskhub_test.given_episode(instance_id, '[]') from taskhub.instances_view where hub = 'PgTapHub';

create function pg_temp.left_over() returns bigint language sql as
    $$ select count(*) from taskhub.instances_view where hub = 'PgTapHub' $$;

select throws_ok($$ select taskhub.purge_instances(null) $$, 'TH006', 'created_from: must not be null',
    'a purge without a beginning is refused');
select throws_ok($$ select taskhub.purge_instances('-infinity', null, array['Failed', 'Nonsense']) $$, 'TH006', null,
    'so is an unknown status');
select throws_ok($$ select taskhub.purge_instances('-infinity', null, null, 'Nowhere') $$, 'TH006', null, 'and an unknown hub');
select is(pg_temp.left_over(), 18::bigint, 'those deleted nothing');
select is(taskhub.purge_instances('-infinity', null, array['Running', 'Suspended']), 0::bigint, 'live ones stay, also if they are asked for');
select is(taskhub.purge_instances('-infinity', null, '{}'), 0::bigint, 'no status, no instance');
select is(taskhub.purge_instances('2026-01-02Z', '2026-01-02Z', array['completed']), 1::bigint, 'both times are included; status in any case');
select is(taskhub.purge_instances('2026-01-02Z', '2026-01-03Z', array['Failed', 'Canceled']), 4::bigint, 'two days, two statuses');
select is(taskhub.purge_instances('2026-01-04Z'), 0::bigint, 'nobody was created that late');
select is(taskhub.purge_instances('-infinity'), 7::bigint, 'all the other finished ones');
select is(pg_temp.left_over(), 6::bigint, 'the live ones are left');
select is((select count(*) from taskhub.history r join taskhub.partitions_view p using (partition_id) where p.hub = 'PgTapHub'),
    6::bigint, 'and their histories');

-- More than one statement takes.
select count(*) from taskhub.start_instances('hello', array_fill('1'::text, array[3500]));
update taskhub.instances set status = 1 where name = 'hello' and status = 6;
select taskhub.create_hub('PgTapOther');
select taskhub.start_instance('hello', null, 'a', p_hub => 'PgTapOther');
update taskhub.instances set status = 1 where instance_id = 'a';
select is(taskhub.purge_instances('-infinity'), 3500::bigint, 'thousands go in several statements');
select is(pg_temp.left_over(), 6::bigint, 'all of them');
select is((select count(*) from taskhub.instances_view where hub = 'PgTapOther'), 1::bigint, 'another hub keeps its own');

select * from finish();
rollback;
