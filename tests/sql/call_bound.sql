-- taskhub.call_bound: arguments, results, search path.
begin;
\ir helpers/taskhub_test.sql
select plan(16);
create schema app;
create function app."as Is"(text) returns text language sql as 'select $1';
create function app.keep(json) returns json language sql as 'select $1';
create function app.value(jsonb) returns jsonb language sql as 'select $1';
create function app.count() returns int language sql as 'select 3';
create function app.none(jsonb) returns void language sql as '';
create function app.path() returns varchar language sql as 'select current_setting(''search_path'')';

create function pg_temp.call(p_function text, p_argument text, p_result text, p_input text, p_path text default 'public') returns text language sql as $$
    select taskhub.call_bound(row (1, 'x', 'X', 'app', p_function, p_argument, p_result, 'me', now())::taskhub.sql_activities, p_input, p_path)
$$;

select is(pg_temp.call('as Is', 'text', 'text', '{"b" :1, "a":1.50}'), '{"b" :1, "a":1.50}', 'a text is passed and returned byte for byte');
select is(pg_temp.call('keep', 'json', 'json', '{"b" :1, "a":1.50}'), '{"b" :1, "a":1.50}', 'so is a json');
select is(pg_temp.call('value', 'jsonb', 'json', '{"b" :1, "a":1.50}'), '{"a": 1.50, "b": 1}', 'a jsonb is a value');
select is(pg_temp.call('count', 'none', 'value', '"ignored"'), '3', 'a function without an argument gets none');
select is(pg_temp.call('none', 'jsonb', 'void', '1'), null, 'void is no result');
select is(pg_temp.call('value', 'jsonb', 'json', null), null, 'no input is null');
select is(pg_temp.call('value', 'jsonb', 'json', 'null'), 'null', 'and the JSON value null is not');
select is(pg_temp.call('as Is', 'text', 'text', null), null, 'null is no result');
select is(pg_temp.call('path', 'none', 'value', null, '"$user", app'), '"\"$user\", app"', 'the function sees the path that is given');
select ok(current_setting('search_path') !~ 'pg_catalog', 'and it is restored afterwards');

select throws_like(format('select pg_temp.call(%L, %L, ''json'', %L)', f, a, i), 'the input of activity "X" can''t be the ' || a || ' that app.' || f || ' takes: %',
    format('%s can''t be %s', i, a))
from (values ('keep', 'json', '{'), ('value', 'jsonb', '"\u0000"'), ('value', 'jsonb', '1e999999')) bad(f, a, i);
select throws_ok($$ select pg_temp.call('value', 'jsonb', 'json', 'x') $$, 'TH007', null, 'with a SQLSTATE of its own');
select throws_like($$ select pg_temp.call('as Is', 'text', 'text', 'hello') $$, 'the result of activity "X", from app.as Is, is not JSON: %',
    'a text that is not JSON is no result');
select throws_ok($$ select pg_temp.call('gone', 'jsonb', 'json', '1') $$, '42883', 'function app.gone(jsonb) does not exist', 'a function that is gone is named');

select * from finish();
rollback;
