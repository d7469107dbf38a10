-- taskhub.memo_waits: what a memo says about open waits.
begin;
\ir helpers/taskhub_test.sql
select plan(10);

select ok(taskhub.memo_waits(memo), format('%L waits', memo)) from unnest(array['{"waits":["a"]}', '{"n":1, "waits" : ["a","b"]}']) memo;
select ok(not taskhub.memo_waits(memo), format('%L does not', memo))
from unnest(array[null, '', '{"waits":[]}', '{"waits":1}', '{"n":"waits"}', '["waits"]', '{"waits":["a"', 'about "waits"']) memo;

select * from finish();
rollback;
