-- taskhub.create_hub: one name, one block of partitions.
begin;
\ir helpers/taskhub_test.sql
select plan(16);

select lives_ok($$ select taskhub.create_hub('PgTapA') $$, 'a hub is created');
select is((select partition_count from taskhub.hubs where name = 'PgTapA'), 4, 'with 4 partitions by default');
select taskhub.create_hub('PgTapB', 7);
select taskhub.create_hub('PgTapC', 1);
select results_eq(
    $$ select p.partition_id - h.first_partition, p.ordinal, p.clean, p.worker_id from taskhub.partitions p
       join taskhub.hubs h using (hub_id) where h.name = 'PgTapB' order by 1 $$,
    $$ select n, n, true, null::int from generate_series(0, 6) n $$, 'its partitions are a block, each with its place');
select is((select count(distinct partition_id) from taskhub.partitions_view where hub like 'PgTap_'), 12::bigint,
    'no two hubs share a partition');
select is((select count(distinct secret) from taskhub.hub_secrets join taskhub.hubs using (hub_id) where name like 'PgTap_'), 3::bigint,
    'each has a secret of its own');
select throws_ok($$ select taskhub.create_hub('pgtapa') $$, 'TH003', 'hub "pgtapa" already exists',
    'a name that differs only in case is taken');
select throws_ok(format('select taskhub.create_hub(%L)', name), 'TH006',
    'name: must be 3 to 45 letters and digits, a letter first', format('no hub can be called %L', name))
from unnest(array[null, '', 'ab', '1ab', 'a-b', 'a b', 'Zürich', repeat('a', 46)]) name;
select throws_ok($$ select taskhub.create_hub('PgTapD', 0) $$, 'TH006', 'partitions: must be between 1 and 1024',
    'a hub has at least one partition');
select throws_ok($$ select taskhub.create_hub('PgTapD', 1025) $$, 'TH006', 'partitions: must be between 1 and 1024',
    'a hub has at most 1024 partitions');

select * from finish();
rollback;
