-- taskhub.check_schedule_name(name)
--
-- Inner. Refuses what is no name for a schedule: it becomes the beginning of instance ids, so their rules hold, and the
-- due time must find room behind it.
-- Errors: TH006. Tables: none.
create or replace function taskhub.check_schedule_name(p_name text)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    perform taskhub.check_name('name', p_name);
    if octet_length(p_name) > 200 then
        raise exception 'name: must not be longer than 200 bytes, has %', octet_length(p_name) using errcode = 'TH006';
    end if;
    perform taskhub.check_instance_id(p_name);
exception when sqlstate 'TH006' then
    raise exception '%', replace(sqlerrm, 'instance_id:', 'name:') using errcode = 'TH006';
end
$$;
comment on function taskhub.check_schedule_name(text) is 'Inner: refuses what is no name for a schedule (TH006).';
