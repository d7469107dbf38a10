-- taskhub.find_function: by signature, or by a name that only one has.
begin;
\ir helpers/taskhub_test.sql
select plan(5);
create schema app;
create function app.one(jsonb) returns jsonb language sql as 'select $1';
create function app.two(jsonb) returns jsonb language sql as 'select $1';
create function app.two(text) returns text language sql as 'select $1';

select is(taskhub.find_function('app.one(jsonb)'), 'app.one(jsonb)'::regprocedure::oid, 'by its signature');
select is(taskhub.find_function('app.one'), 'app.one(jsonb)'::regprocedure::oid, 'by its name');
select is(taskhub.find_function('app.two(text)'), 'app.two(text)'::regprocedure::oid, 'one of two by its signature');
select throws_ok($$ select taskhub.find_function('app.two') $$, 'TH006', null, 'not one of two by its name');
select throws_ok($$ select taskhub.find_function('one(jsonb)') $$, 'TH006', null, 'not without its schema');

select * from finish();
rollback;
