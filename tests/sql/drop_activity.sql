-- taskhub.drop_activity: gone, once. A hub takes its bindings with it.
begin;
\ir helpers/taskhub_test.sql
select plan(6);
select taskhub_test.given_hub();
create schema app;
create function app.charge(jsonb) returns jsonb language sql as 'select $1';
select taskhub.create_activity('Charge', 'app.charge(jsonb)');

select is(taskhub_test.state_as('taskhub_client', $$ select taskhub.drop_activity('charge') $$), '42501', 'a client unbinds nothing');
select lives_ok($$ select taskhub.drop_activity('charge') $$, 'a name is unbound, in any case of letters');
select is((select count(*) from taskhub.sql_activities), 0::bigint, 'it is gone');
select throws_ok($$ select taskhub.drop_activity('charge') $$, 'TH001', 'hub "PgTapHub" has no SQL activity "charge"', 'there is no second time');
select throws_ok($$ select taskhub.drop_activity('charge', 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');

select taskhub.create_activity('Charge', 'app.charge(jsonb)');
select taskhub.drop_hub('PgTapHub');
select is((select count(*) from taskhub.sql_activities), 0::bigint, 'a hub that goes takes its bindings with it');

select * from finish();
rollback;
