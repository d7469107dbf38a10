-- taskhub.purge_instance: a finished instance goes with its history.
begin;
\ir helpers/taskhub_test.sql
select plan(14);
select taskhub_test.given_hub();
select taskhub_test.given_instance(s, s) from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew', 'Completed', 'Failed', 'Canceled', 'Terminated']) s;
select taskhub_test.given_episode(s, '[]') from unnest(array['Completed', 'Failed', 'Running']) s;
insert into taskhub.history select partition_id, instance_id, gen_random_uuid(), 0, 0, now(), '[]' from taskhub.history
where instance_id = 'Completed';

select lives_ok(format('select taskhub.purge_instance(%L)', s), format('a %s instance goes', s))
from unnest(array['Completed', 'Canceled', 'Terminated']) s;
select is((select count(*) from taskhub.instances where instance_id = 'Completed')
          + (select count(*) from taskhub.history where instance_id = 'Completed'), 0::bigint,
    'with the history of all its runs');
select is((select count(*) from taskhub.history_events where hub = 'PgTapHub')
          + (select count(*) from taskhub.history where instance_id = 'Failed'), 1::bigint, 'another''s history stays');
select throws_ok(format('select taskhub.purge_instance(%L)', s), 'TH004',
    format('instance "%s" of hub "PgTapHub" has not finished', s), format('a %s one stays', s))
from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew']) s;
select is((select count(*) from taskhub.instances where xmax <> 0), 0::bigint, 'and its row was not locked');
select throws_ok($$ select taskhub.purge_instance('Completed') $$, 'TH001', null, 'it goes once');
select throws_ok($$ select taskhub.purge_instance('nobody') $$, 'TH001', null, 'an unknown one is an error');

savepoint before_purge;
select taskhub.purge_instance('Failed');
rollback to before_purge;
select is((select count(*) from taskhub.history where instance_id = 'Failed'), 1::bigint, 'a purge that is rolled back deletes nothing');
select is(taskhub.start_instance('hello', null, 'Completed'), 'Completed', 'its id can be used again');

select * from finish();
rollback;
