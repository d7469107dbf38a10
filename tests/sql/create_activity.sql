-- taskhub.create_activity: what can be bound, to which names, by whom.
begin;
\ir helpers/taskhub_test.sql
select plan(46);
select taskhub_test.given_hub();
select taskhub.create_hub('PgTapOther');
create schema app;
create function app.charge(jsonb) returns jsonb language sql as 'select $1';
create function app.greet(text) returns text language sql as 'select $1';
create function app.peek(json) returns int language sql as 'select 1';
create function app.tick() returns void language sql as '';
create function app."Odd Name"(jsonb, out a int, out b int) language sql as 'select 1, 2';

select is(taskhub.create_activity('charge', 'app.charge(jsonb)'), 'app.charge(jsonb)', 'a name is bound to a function');
select results_eq($$ select name collate "default", function, result, is_there, security_definer, created_by from taskhub.sql_activities_view where hub = 'PgTapHub' $$,
    $$ values ('charge', 'app.charge(jsonb)', 'json', true, false, current_user::text collate "default") $$, 'the view shows it');
select is(taskhub.create_activity(name, function), function, format('%s is bound', function))
from (values ('greet', 'app.greet(text)'), ('peek', 'app.peek(json)'), ('tick', 'app.tick()'), ('odd', 'app."Odd Name"(jsonb)')) f(name, function);
select results_eq($$ select name_key collate "default", argument, result from taskhub.sql_activities order by name_key $$,
    $$ values ('charge', 'jsonb', 'json'), ('greet', 'text', 'text'), ('odd', 'jsonb', 'value'), ('peek', 'json', 'value'), ('tick', 'none', 'void') $$,
    'with what it takes and returns');
select is_empty($$ select * from taskhub.sql_activities_view where not is_there $$, 'the view finds them all');
select is(taskhub.create_activity('short', 'app.charge'), 'app.charge(jsonb)', 'a name without an argument will do if there is one such function');

-- Names.
select throws_ok($$ select taskhub.create_activity('CHARGE', 'app.greet(text)') $$, 'TH003', 'hub "PgTapHub" already has a SQL activity "CHARGE"',
    'a name is taken in any case of letters');
select is(taskhub.create_activity('Charge', 'app.greet(text)', p_replace => true), 'app.greet(text)', 'it can be bound anew');
select results_eq($$ select name collate "default", argument from taskhub.sql_activities where name_key = 'charge' $$, $$ values ('Charge', 'text') $$, 'and then is what it was bound to last');
select is(taskhub.create_activity('charge', 'app.charge(jsonb)', 'pgtapother'), 'app.charge(jsonb)', 'another hub has names of its own');
select throws_ok(format('select taskhub.create_activity(%L, ''app.charge(jsonb)'')', name), 'TH006', null, format('%L is no name', left(name, 5)))
from unnest(array[null, '', repeat('a', 257)]) name;
select throws_ok($$ select taskhub.create_activity('x', 'app.charge(jsonb)', 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');

-- Functions that can't be.
create function app.two(jsonb, int) returns int language sql as 'select 1';
create function app.number(int) returns int language sql as 'select 1';
create function app.many(variadic jsonb[]) returns int language sql as 'select 1';
create function app.rows(jsonb) returns setof int language sql as 'select 1';
create function app.shapeless(jsonb) returns record language sql as 'select 1, 2';
create function app.on_change() returns trigger language plpgsql as 'begin return null; end';
create procedure app.proc(jsonb) language sql as '';
create aggregate app.agg(jsonb) (sfunc = jsonb_concat, stype = jsonb);
create function app.twice(jsonb) returns int language sql as 'select 1';
create function app.twice(text) returns int language sql as 'select 1';
create function pg_temp.fleeting(jsonb) returns int language sql as 'select 1';
select throws_like(format('select taskhub.create_activity(''x'', %L)', f), rule, format('%L can''t be bound', f))
from (values (null, 'function: must not be empty'), ('', 'function: must not be empty'),
    ('app.none(jsonb)', 'function: there is no function app.none(jsonb), or there are several'),
    ('app.twice', 'function: there is no function app.twice, or there are several'),
    ('charge(jsonb)', 'function: there is no function charge(jsonb), or there are several'),
    ('app.charge(nonsense)', 'function: %'), ('app.charge(', 'function: % can''t be looked up'), ('a.b.c.d(jsonb)', 'function: %'), ('app.charge(jsonb); select 1', 'function: %'),
    ('app.two(jsonb, int)', 'function: % must take nothing, or one argument of type jsonb, json or text'),
    ('app.number(int)', 'function: % must take nothing, or one argument of type jsonb, json or text'),
    ('app.many(jsonb[])', 'function: % must take nothing, or one argument of type jsonb, json or text'),
    ('app.rows(jsonb)', 'function: % must be a plain function that returns one value'),
    ('app.proc(jsonb)', 'function: % must be a plain function that returns one value'),
    ('app.agg(jsonb)', 'function: % must be a plain function that returns one value'),
    ('app.shapeless(jsonb)', 'function: % returns record, which can''t be a result'),
    ('app.on_change()', 'function: % returns trigger, which can''t be a result'),
    ('pg_temp.fleeting(jsonb)', 'function: pg_temp.fleeting(jsonb) is temporary')) refused(f, rule);

-- Who: an admin or the program's role, and only what they may execute themselves.
select is(taskhub_test.state_as(r, $$ select taskhub.create_activity('mine', 'app.charge(jsonb)') $$), '42501', format('%s binds nothing', r))
from unnest(array['taskhub_reader', 'taskhub_client']) r;
select is(taskhub_test.state_as(r, $$ select taskhub.create_activity('mine', 'app.charge(jsonb)') $$), '42501', format('%s does not without a right on the schema', r))
from unnest(array['taskhub_worker', 'taskhub_admin']) r;
grant usage on schema app to taskhub_worker, taskhub_admin;
select is(taskhub_test.state_as(r, $$ select taskhub.create_activity('mine', 'app.charge(jsonb)') $$), '00000', format('with it %s does', r))
from unnest(array['taskhub_worker', 'taskhub_admin']) r;
revoke execute on function app.charge(jsonb) from public;
select is(taskhub_test.state_as('taskhub_admin', $$ select taskhub.create_activity('mine', 'app.charge(jsonb)') $$), '42501', 'but nothing that it may not execute');
select is(taskhub_test.state_as('taskhub_admin', $$ select taskhub.create_activity('mine', 'pg_catalog.pg_read_file(text)') $$), '42501', 'nor what only a superuser may');
select is(taskhub_test.state_as(r, 'select * from taskhub.sql_activities_view'), '00000', format('%s sees what is bound', r))
from unnest(array['taskhub_reader', 'taskhub_client']) r;

drop function app.tick();
select is((select is_there from taskhub.sql_activities_view where name = 'tick'), false, 'the view tells that a function is gone');

select * from finish();
rollback;
