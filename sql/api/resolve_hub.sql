-- taskhub.resolve_hub(hub)
--
-- The row of the hub of that name, in any case of letters. Without a name: the setting taskhub.hub; without that, the
-- only hub there is; of several, the one called default.
-- Errors: TH006 no such hub; no name, no setting, not exactly one hub and none called default. Tables: reads hubs.
create or replace function taskhub.resolve_hub(p_hub text default null)
returns taskhub.hubs language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_name text := coalesce(p_hub, nullif(current_setting('taskhub.hub', true), ''));
    v_hub taskhub.hubs;
    v_count bigint;
begin
    if v_name is not null then
        select * into v_hub from taskhub.hubs where lower(name) = lower(v_name collate "C");
        if not found then
            raise exception 'hub: there is no hub "%"', v_name using errcode = 'TH006';
        end if;
        return v_hub;
    end if;

    select count(*) into v_count from taskhub.hubs;
    if v_count <> 1 then
        select * into v_hub from taskhub.hubs where lower(name) = 'default';
        if found then
            return v_hub;
        end if;
        raise exception 'hub: must be given, by argument or by the setting taskhub.hub, as there are % hubs', v_count
            using errcode = 'TH006';
    end if;
    select * into v_hub from taskhub.hubs;
    return v_hub;
end
$$;
comment on function taskhub.resolve_hub(text) is
    'The hub of that name; without a name, that of the setting taskhub.hub, the only one, or the one called default.';
