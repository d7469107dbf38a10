-- taskhub.create_hub(name, partitions)
--
-- Creates a task hub with that many partitions, numbered in one block; the number can't be changed later. Returns the
-- hub's number. One creation at a time: the block must not be torn, and names that differ only in case are one name.
-- Errors: TH003 the hub exists; TH006 bad name or number.
-- Tables: locks hubs against other writers, writes hubs, partitions, hub_secrets.
create or replace function taskhub.create_hub(p_name text, p_partitions int default 4)
returns int language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_hub_id int;
    v_first int;
begin
    if p_name is null or p_name collate "C" !~ '^[A-Za-z][A-Za-z0-9]{2,44}$' then
        raise exception 'name: must be 3 to 45 letters and digits, a letter first' using errcode = 'TH006';
    end if;
    if p_partitions is null or p_partitions not between 1 and 1024 then
        raise exception 'partitions: must be between 1 and 1024' using errcode = 'TH006';
    end if;
    lock table taskhub.hubs in share row exclusive mode;
    if exists (select from taskhub.hubs where lower(name) = lower(p_name collate "C")) then
        raise exception 'hub "%" already exists', p_name using errcode = 'TH003';
    end if;

    v_first := nextval('taskhub.partition_ids');
    perform setval('taskhub.partition_ids', v_first + p_partitions - 1);
    insert into taskhub.hubs (name, first_partition, partition_count, created_at)
    values (p_name, v_first, p_partitions, taskhub.now())
    returning hub_id into v_hub_id;
    insert into taskhub.partitions (partition_id, hub_id, ordinal)
    select v_first + n, v_hub_id, n from generate_series(0, p_partitions - 1) n;
    insert into taskhub.hub_secrets (hub_id, secret, created_at) values (v_hub_id, taskhub.new_secret(), taskhub.now());
    perform taskhub.note_act(taskhub.resolve_hub(p_name), 'create_hub', null, jsonb_build_object('partitions', p_partitions));
    return v_hub_id;
end
$$;
comment on function taskhub.create_hub(text, int) is
    'Creates a task hub with that many partitions, a number that can''t be changed later.';
