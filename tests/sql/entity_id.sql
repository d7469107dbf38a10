-- taskhub.entity_id: the rule for names and keys, as th_entity_id_problem has it.
begin;
\ir helpers/taskhub_test.sql
select plan(18);

select is(taskhub.entity_id('Counter', 'Key@1'), '@counter@Key@1', 'the name in lower case, the key as it is');
select is(taskhub.entity_id('Counter', ''), '@counter@', 'a key may be empty');
select is(taskhub.entity_id('É', 'ß$ +'), '@É@ß$ +', 'letters beyond ASCII stay');
select is(taskhub.entity_id('a', repeat('k', 253)), '@a@' || repeat('k', 253), '254 characters together');
select throws_ok($$ select taskhub.entity_id('a', repeat('k', 254)) $$, 'TH006',
    'entity_name, entity_key: must not be longer than 254 characters together', 'and no more');
select throws_ok($$ select taskhub.entity_id('a', repeat('🚀', 127)) $$, 'TH006', null, 'wide ones count twice');
select throws_ok($$ select taskhub.entity_id(null, 'k') $$, 'TH006', 'entity_name: must not be empty', 'a name is there');
select throws_ok($$ select taskhub.entity_id('', 'k') $$, 'TH006', 'entity_name: must not be empty', 'and not empty');
select throws_ok($$ select taskhub.entity_id('a', null) $$, 'TH006', 'entity_key: must not be null', 'a key is there');
select throws_ok($$ select taskhub.entity_id('a@b', 'k') $$, 'TH006', 'entity_name: must not contain ''@''', 'no @ in a name');
select throws_ok(format('select taskhub.entity_id(%L, %L)', 'a' || c, 'k'), 'TH006', null, format('no %s in a name', c))
from unnest(array['/', '\', '#', '?']) c;
select throws_ok(format('select taskhub.entity_id(%L, %L)', 'a', 'k' || c), 'TH006', null, format('no %s in a key', c))
from unnest(array['/', '\', '#']) c;
select throws_ok(format('select taskhub.entity_id(%L, %L)', 'a', e'k\n'), 'TH006',
    'entity_key: must not contain control characters', 'no control characters');

select * from finish();
rollback;
