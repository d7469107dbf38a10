-- taskhub.set_hub(setting, value, hub)
--
-- Changes a setting of a hub; every process that serves it obeys within about a second.
--   early_events   how long an event for an instance that does not exist yet is kept for it: an interval of 1 second to
--                  3650 days. Null or off (as it is until set): such an event is refused, and what is kept goes.
--   keep_history   on: the history of an execution stays when its instance continues as new. Null or off: it goes.
-- Errors: TH006 no such setting, a value that it can't have, or bad hub. Tables: writes hubs.
create or replace function taskhub.set_hub(p_setting text, p_value text, p_hub text default null)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_seconds numeric := 0;
    v_on boolean := false;
begin
    if p_setting = 'early_events' then
        if lower(p_value) <> 'off' then
            begin
                v_seconds := ceil(extract(epoch from p_value::interval));
            exception when data_exception then
                v_seconds := -1;
            end;
            if v_seconds not between 1 and 315360000 then
                raise exception 'value: must be an interval of 1 second to 3650 days, or off' using errcode = 'TH006';
            end if;
        end if;
    elsif p_setting = 'keep_history' then
        begin
            v_on := coalesce(p_value::boolean, false);
        exception when data_exception then
            raise exception 'value: must be on or off' using errcode = 'TH006';
        end;
    else
        raise exception 'setting: there is no setting "%" of a hub', p_setting using errcode = 'TH006';
    end if;
    if p_setting is null then
        raise exception 'setting: must not be null' using errcode = 'TH006';
    end if;
    update taskhub.hubs
    set settings = settings || case p_setting when 'early_events' then jsonb_build_object('earlyEvents', v_seconds)
                                              else jsonb_build_object('keepHistory', v_on) end
    where hub_id = v_hub.hub_id;
end
$$;
comment on function taskhub.set_hub(text, text, text) is
    'Changes a setting of a hub: early_events, keep_history.';
