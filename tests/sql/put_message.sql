-- taskhub.put_message: the shared half of what clients send.
begin;
\ir helpers/taskhub_test.sql
select plan(5);
select taskhub_test.given_hub();
select taskhub_test.given_instance('a', 'Running');
select taskhub_test.given_instance('z', 'Completed');

select lives_ok($$ select taskhub.put_message(17, 'a', 'n', 'p', null) $$, 'a live instance gets the message');
select results_eq($$ select kind::int, name, payload, start_id = (select start_id from taskhub.instances where instance_id = 'a')
                     from taskhub.inbox where instance_id = 'a' $$,
    $$ values (17, 'n', 'p', true) $$, 'bound to its start');
select throws_ok($$ select taskhub.put_message(17, 'z', 'n', 'p', null) $$, 'TH002', null, 'a finished one gets none');
select throws_ok($$ select taskhub.put_message(17, 'b', 'n', 'p', null) $$, 'TH001', null, 'an unknown one neither');
select throws_ok($$ select taskhub.put_message(17, null, 'n', 'p', null) $$, 'TH006', null, 'null is no id');

select * from finish();
rollback;
