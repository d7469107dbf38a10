-- taskhub.cron_fields and taskhub.cron_value: an expression taken apart.
begin;
\ir helpers/taskhub_test.sql
select plan(12);

select results_eq($$ select * from taskhub.cron_fields('1 2 3 4 5 6') $$,
    $$ values ('{1}'::int[], '{2}'::int[], '{3}'::int[], '{4}'::int[], '{5}'::int[], '{6}'::int[], true) $$, 'six fields');
select results_eq($$ select * from taskhub.cron_fields('2 3 4 5 6') $$,
    $$ values ('{0}'::int[], '{2}'::int[], '{3}'::int[], '{4}'::int[], '{5}'::int[], '{6}'::int[], true) $$, 'five have second 0');
select is((taskhub.cron_fields(expression)).either, wanted, expression) from (values
    ('0 0 1 * 1', true), ('0 0 * * 1', false), ('0 0 ? * 1', false), ('0 0 1 * *', false), ('0 0 */2 * 1', false)) c(expression, wanted);
select is(taskhub.cron_value('month', given, 1, 12, array['january', 'february']), wanted, given) from (values
    ('2', 2), ('feb', 2), ('january', 1)) c(given, wanted);
select throws_ok($$ select taskhub.cron_value('month', 'febr', 1, 12, array['january', 'february']) $$, 'TH006',
    'expression: the field "month" has no value "febr"', 'three letters or all of them');
select throws_ok($$ select taskhub.cron_value('month', '0', 1, 12, array['january', 'february']) $$, 'TH006',
    'expression: the field "month" goes from 1 to 12, not to 0', 'numbers have bounds');

select * from finish();
rollback;
