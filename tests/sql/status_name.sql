-- taskhub.status_name, status_number, is_finished: numbers of instances.status.
begin;
\ir helpers/taskhub_test.sql
select plan(8);

select results_eq($$ select n, taskhub.status_name(n), taskhub.is_finished(n) from generate_series(-1, 8) n $$,
    $$ values (-1, null, false), (0, 'Running', false), (1, 'Completed', true), (2, 'ContinuedAsNew', false), (3, 'Failed', true),
              (4, 'Canceled', true), (5, 'Terminated', true), (6, 'Pending', false), (7, 'Suspended', false), (8, null, false) $$,
    'each number has its name');
select is((select count(*) from generate_series(0, 7) n where taskhub.status_number(taskhub.status_name(n)) = n), 8::bigint,
    'and each name its number');
select is(taskhub.status_number('cOMPLETED'), 1, 'in any case of letters');
select is(taskhub.status_number('Done'), null, 'an unknown name has none');
select is(taskhub.status_number(null), null, 'nor has null');
select is(taskhub.status_name(null), null, 'null has no name');
select is(taskhub.is_finished(null), null, 'and is not known to be finished');
select is((select provolatile from pg_proc where oid = 'taskhub.is_finished'::regproc), 'i'::"char", 'the rule never changes');

select * from finish();
rollback;
