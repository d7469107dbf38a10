-- taskhub.get_instance: the row of the view, by key.
begin;
\ir helpers/taskhub_test.sql
select plan(6);
select taskhub_test.given_hub();
select taskhub_test.given_instance('a', 'Failed');

select is((select row(g.*)::text from taskhub.get_instance('a') g),
    (select row(v.*)::text from taskhub.instances_view v where v.hub = 'PgTapHub' and v.instance_id = 'a'),
    'it is the row of the view');
select is((select array_agg(attname order by attnum) from pg_attribute
           where attrelid = 'taskhub.instances_view'::regclass and attnum > 0),
    (select array_agg(proargnames[n] order by n)::name[] from pg_proc, generate_series(3, cardinality(proargnames)) n
     where oid = 'taskhub.get_instance'::regproc), 'with the same columns');
select throws_ok($$ select * from taskhub.get_instance('nobody') $$, 'TH001', 'hub "PgTapHub" has no instance "nobody"',
    'an unknown one is an error');
select throws_ok($$ select * from taskhub.get_instance(null) $$, 'TH006', null, 'null is no id');
select throws_ok($$ select * from taskhub.get_instance('a', 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');
select is((select runtime_status from taskhub.get_instance('a', 'pgtaphub')), 'Failed', 'a hub can be named');

select * from finish();
rollback;
