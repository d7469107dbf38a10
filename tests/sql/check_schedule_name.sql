-- taskhub.check_schedule_name: the rules of instance ids, with room for the due time.
begin;
\ir helpers/taskhub_test.sql
select plan(10);

select lives_ok(format('select taskhub.check_schedule_name(%L)', name), name) from unnest(array['a', 'every day: 9', 'Füße', repeat('n', 200)]) name;
select throws_ok(format('select taskhub.check_schedule_name(%L)', name), 'TH006', message, name) from (values
    ('', 'name: must not be empty'), (repeat('n', 201), 'name: must not be longer than 200 bytes, has 201'),
    ('a/b', $$name: must not contain '/', '\', '#' or '?'$$), ('@a', $$name: must not begin with '@'$$),
    (E'a\nb', 'name: must not contain control characters')) c(name, message);
select throws_ok('select taskhub.check_schedule_name(null)', 'TH006', 'name: must not be empty', 'null is none');

select * from finish();
rollback;
