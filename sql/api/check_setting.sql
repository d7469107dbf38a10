-- taskhub.check_setting(setting, value)
--
-- Inner. Whether a hub has such a setting, and it may have that value; null is the default of all.
-- Errors: TH006. Tables: none.
create or replace function taskhub.check_setting(p_setting text, p_value text)
returns void language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_keep interval;
begin
    if p_setting is null or p_setting not in ('poison', 'keep_completed', 'keep_failed', 'keep_terminated', 'keep_canceled',
                                              'keep_audit', 'early_events', 'keep_history') then
        raise exception 'setting: a hub has no setting "%"', p_setting using errcode = 'TH006',
            hint = 'There are poison, keep_completed, keep_failed, keep_terminated, keep_canceled, keep_audit, early_events, '
                'keep_history.';
    end if;
    if p_setting = 'poison' and p_value not in ('fail', 'park') then
        raise exception 'poison: must be fail or park' using errcode = 'TH006';
    end if;
    if p_setting = 'keep_history' and lower(p_value) not in ('on', 'off') then
        raise exception 'keep_history: must be on or off' using errcode = 'TH006';
    end if;
    if p_setting = 'early_events' and lower(p_value) <> 'off' then
        begin
            v_keep := p_value::interval;
        exception when data_exception then
            v_keep := null;
        end;
        if v_keep is null or v_keep < interval '1 second' or v_keep > interval '3650 days' then
            raise exception 'early_events: must be an interval of 1 second to 3650 days, or off' using errcode = 'TH006';
        end if;
    end if;
    if p_setting like 'keep\_%' and p_setting <> 'keep_history' and p_value is not null then
        begin
            v_keep := p_value::interval;
        exception when data_exception then
            v_keep := null;
        end;
        if v_keep is null or v_keep < interval '0' or v_keep > interval '1000 years' then
            raise exception '%: must be a time, like "30 days" or "12:00:00", of at most 1,000 years', p_setting
                using errcode = 'TH006';
        end if;
    end if;
end
$$;
comment on function taskhub.check_setting(text, text) is 'Inner: refuses what is no setting of a hub, or no value of it.';
