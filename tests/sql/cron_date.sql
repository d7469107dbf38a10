-- taskhub.cron_date: the first date that fits.
begin;
\ir helpers/taskhub_test.sql
select plan(7);

select is(taskhub.cron_date(days, months, weekdays, either, from_), wanted, what) from (values
    ('the day itself', '{15}'::int[], '{1}'::int[], '{0,1,2,3,4,5,6}'::int[], false, '2026-01-15'::date, '2026-01-15'::date),
    ('a year on', '{15}', '{1}', '{0,1,2,3,4,5,6}', false, '2026-01-16', '2027-01-15'),
    ('both must fit', '{13}', '{1,2,3,4,5,6,7,8,9,10,11,12}', '{5}', false, '2026-01-01', '2026-02-13'),
    ('one must fit', '{13}', '{1,2,3,4,5,6,7,8,9,10,11,12}', '{5}', true, '2026-01-03', '2026-01-09'),
    ('a leap day on a Sunday, over a century without', '{29}', '{2}', '{0}', false, '2088-03-01', '2128-02-29'),
    ('a short month', '{31}', '{2,4}', '{0,1,2,3,4,5,6}', false, '2026-01-01', null),
    ('before the common era', '{1}', '{1}', '{0,1,2,3,4,5,6}', false, '0044-03-15 BC', '0043-01-01 BC'))
    c(what, days, months, weekdays, either, from_, wanted);

select * from finish();
rollback;
