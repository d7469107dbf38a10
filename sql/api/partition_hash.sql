-- taskhub.partition_hash(instance_id)
--
-- First four bytes of the SHA-256 of the id in UTF-8, as an unsigned big-endian number; the same in C
-- (th_partition_hash). No internal hash of PostgreSQL is used: those may change between versions.
-- Errors: none. Tables: none.
create or replace function taskhub.partition_hash(p_instance_id text)
returns bigint language sql stable strict as $$
    select ('x' || left(encode(sha256(convert_to(p_instance_id, 'UTF8')), 'hex'), 8))::bit(32)::bigint
$$;
comment on function taskhub.partition_hash(text) is
    'First four bytes of the SHA-256 of an instance id in UTF-8, big-endian and unsigned.';
