-- taskhub.partition_hash, taskhub.partition_of: known answers, and the same by another way.
begin;
\ir helpers/taskhub_test.sql
select plan(8);
select taskhub_test.given_hub(4);

-- SHA-256 of "abc" and of "" are the standard's own examples.
select is(taskhub.partition_hash('abc'), x'ba7816bf'::bigint, 'the hash of abc begins with ba7816bf');
select is(taskhub.partition_hash(''), x'e3b0c442'::bigint, 'the hash of nothing begins with e3b0c442');
select is(taskhub.partition_hash(null), null, 'null has none');

-- Another way to the same: byte by byte, in numeric, from pg_catalog.sha256 of the bytes written out.
create function pg_temp.ordinal(p_bytes bytea, p_count int) returns int language sql as $$
    select ((get_byte(h, 0) * 16777216::numeric + get_byte(h, 1) * 65536 + get_byte(h, 2) * 256 + get_byte(h, 3))
            % p_count)::int
    from sha256(p_bytes) h
$$;
select is(taskhub.partition_of(id) - (select first_partition from taskhub.hubs where name = 'PgTapHub'),
          pg_temp.ordinal(bytes, 4), format('"%s" lies where its bytes say', id))
from (values ('order-1', '\x6f726465722d31'::bytea), ('été', '\xc3a974c3a9'), ('🚀', '\xf09f9a80')) t(id, bytes);

select is((select count(*) from generate_series(1, 500) n
           where taskhub.partition_of('id-' || n) not in
                 (select partition_id from taskhub.partitions_view where hub = 'PgTapHub')),
          0::bigint, 'every id lies in a partition of the hub');
select throws_ok($$ select taskhub.partition_of(null) $$, 'TH006', 'instance_id: must not be null', 'null is no id');

select * from finish();
rollback;
