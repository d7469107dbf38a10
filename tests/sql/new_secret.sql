-- taskhub.new_secret: long, and never the same.
begin;
\ir helpers/taskhub_test.sql
select plan(2);

select is(octet_length(taskhub.new_secret()), 32, 'a secret has 32 bytes');
select is((select count(distinct taskhub.new_secret()) from generate_series(1, 100)), 100::bigint, 'no two are equal');

select * from finish();
rollback;
