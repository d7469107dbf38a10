-- taskhub.perform_activity: all of it, or nothing; only with the current claim.
begin;
\ir helpers/taskhub_test.sql
select plan(16);
select taskhub_test.given_hub();
select taskhub_test.given_instance('live');
select taskhub_test.given_instance('done', 'Completed');
create schema app;
create table app.ledger (n int check (n < 10));
create function app.post(jsonb) returns int language sql as 'insert into app.ledger values ($1::int) returning n + 1';
select taskhub.create_activity('Post', 'app.post(jsonb)');

create function pg_temp.given_activity(p_instance text, p_id int, p_input text) returns void language sql as $$
    insert into taskhub.activities (partition_id, id, instance_id, start_id, execution_id, seq, task_id, name, input, claimed_by, claim_no)
    select partition_id, p_id, instance_id, start_id, execution_id, 5, 0, 'Post', p_input, 1, 2 from taskhub.instances where instance_id = p_instance
$$;
create function pg_temp.perform(p_instance text, p_id int, p_claim_no int, p_name text default 'pOST') returns text language sql as $$
    select taskhub.perform_activity((select hub_id from taskhub.hubs where name = 'PgTapHub'), p_name, partition_id, p_id, p_claim_no, 'public')
    from taskhub.instances where instance_id = p_instance
$$;
select pg_temp.given_activity('live', 1, '1'), pg_temp.given_activity('live', 2, '2'), pg_temp.given_activity('done', 3, '3'), pg_temp.given_activity('live', 4, '11');

select is(pg_temp.perform('live', 1, 2), 'done', 'a claimed activity is performed');
select results_eq('select n from app.ledger', 'values (1)', 'its function has run');
select results_eq($$ select kind, ref, payload, due from taskhub.inbox where instance_id = 'live' $$, $$ values (7::smallint, 5, '2', '-infinity'::timestamptz) $$,
    'its result is in the inbox');
select is((select count(*) from taskhub.activities where id = 1), 0::bigint, 'its row is gone');
select is(pg_temp.perform('live', 1, 2), 'stale', 'a second time there is nothing to do');
select is(pg_temp.perform('live', 2, 1), 'stale', 'an old claim counts no longer');
select is(pg_temp.perform('live', 2, 3), 'stale', 'nor does one that is yet to come');
select is(pg_temp.perform('live', 2, 2, 'other'), 'unbound', 'a name that is not bound is said to be so');
select is((select count(*) from taskhub.activities where id = 2), 1::bigint, 'and nothing has happened');
select is((select count(*) from app.ledger), 1::bigint, 'the function least of all');
select is(pg_temp.perform('done', 3, 2), 'dropped', 'that of a finished instance is dropped');
select is((select count(*) from taskhub.activities where id = 3), 0::bigint, 'its row is gone');
select is((select count(*) from app.ledger), 1::bigint, 'its function has not run');
select throws_ok($$ select pg_temp.perform('live', 4, 2) $$, '23514', null, 'what the function raises comes through');
select is((select count(*) from taskhub.activities where id = 4), 1::bigint, 'and nothing has happened');
select is(taskhub_test.state_as('taskhub_client', $$ select taskhub.perform_activity(1, 'Post', 1, 1, 1, '') $$), '42501', 'a client performs nothing');

select * from finish();
rollback;
