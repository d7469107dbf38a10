-- taskhub.check_instance_id: what can be an id.
begin;
\ir helpers/taskhub_test.sql
select plan(20);

select lives_ok(format('select taskhub.check_instance_id(%L)', id), format('%L is an id', left(id, 20)))
from unnest(array['a', 'order-1', ' ', 'a@b', 'été', '日本', '🚀', repeat('a', 256), repeat('🚀', 128)]) id;
select throws_ok(format('select taskhub.check_instance_id(%L)', id), 'TH006', 'instance_id: ' || problem, format('%L is none', left(id, 20)))
from (values (null, 'must not be empty'), ('', 'must not be empty'), ('@a', 'must not begin with ''@'''),
    (repeat('a', 257), 'must not be longer than 256 characters'), (repeat('🚀', 129), 'must not be longer than 256 characters'),
    ('a/b', 'must not contain ''/'', ''\'', ''#'' or ''?'''), ('a\b', 'must not contain ''/'', ''\'', ''#'' or ''?'''),
    ('a#b?', 'must not contain ''/'', ''\'', ''#'' or ''?'''), (E'a\tb', 'must not contain control characters'),
    (E'a\u007f', 'must not contain control characters'), (E'a\u0085', 'must not contain control characters')) t(id, problem);

select * from finish();
rollback;
