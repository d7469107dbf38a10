-- taskhub.tags_contain: tags that have all that is wanted.
begin;
\ir helpers/taskhub_test.sql
select plan(7);

select is(taskhub.tags_contain('{"team": "sales", "n": "1"}', '{"team": "sales"}'), true, 'one of two');
select is(taskhub.tags_contain('{"team": "sales"}', '{"team": "sales", "n": "1"}'), false, 'all are wanted');
select is(taskhub.tags_contain('{"team": "sales"}', '{"team": "Sales"}'), false, 'in that very case of letters');
select is(taskhub.tags_contain('{"team": "sales"}', '{}'), true, 'nothing is in all');
select is(taskhub.tags_contain(null, '{}'), false, 'no tags have nothing');
select is(taskhub.tags_contain('{"team": "\u0000"}', '{"team": "sales"}'), false, 'what jsonb can''t hold is found by nobody');
select is(taskhub.tags_contain('{"team": "\u0073ales"}', '{"team": "sales"}'), true, 'escapes don''t matter');

select * from finish();
rollback;
