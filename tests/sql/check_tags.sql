-- taskhub.check_tags: an object of strings.
begin;
\ir helpers/taskhub_test.sql
select plan(9);

select lives_ok(format('select taskhub.check_tags(%L)', v), format('%L passes', v)) from unnest(array[null, '{}', '{"a":"b","c":""}']) v;
select throws_ok(format('select taskhub.check_tags(%L)', v), 'TH006', problem, format('%L does not', v))
from (values ('{', 'tags: must be valid JSON'), ('["a"]', 'tags: must be a JSON object'), ('"a"', 'tags: must be a JSON object'),
    ('{"a":"b","c":1}', 'tags: must have strings as values')) t(v, problem);

select throws_ok($$ select taskhub.check_tags('{"a": "\u0000"}') $$, 'TH006',
    'tags: must not contain U+0000 or halves of surrogate pairs', 'jsonb can hold them');
select throws_ok($$ select taskhub.check_tags('{"a": "\ud800"}') $$, 'TH006', null, 'also what is half a character');

select * from finish();
rollback;
