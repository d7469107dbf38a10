-- taskhub.check_json: one JSON value of any kind.
begin;
\ir helpers/taskhub_test.sql
select plan(14);

select lives_ok(format('select taskhub.check_json(%L, %L)', 'x', v), format('%L passes', v))
from unnest(array[null, 'null', '""', '0', ' [1] ', '{"a":1,"a":2}', '"\u0000"']) v;
select throws_ok(format('select taskhub.check_json(%L, %L)', 'x', v), 'TH006', 'x: must be valid JSON', format('%L does not', v))
from unnest(array['', ' ', '{', '[1] [2]', 'NaN', E'"\t"']) v;
select throws_ok($$ select taskhub.check_json('x', repeat('[', 1000000)) $$, 'TH006', 'x: must be valid JSON', 'too deep does not');

select * from finish();
rollback;
