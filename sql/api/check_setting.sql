-- taskhub.check_setting(setting, value)
--
-- Inner. Whether a hub has such a setting, and it may have that value; null is the default of all.
-- Errors: TH006. Tables: none.
create or replace function taskhub.check_setting(p_setting text, p_value text)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    if p_setting is null or p_setting not in ('poison') then
        raise exception 'setting: a hub has no setting "%"', p_setting using errcode = 'TH006', hint = 'There is: poison.';
    end if;
    if p_setting = 'poison' and p_value not in ('fail', 'park') then
        raise exception 'poison: must be fail or park' using errcode = 'TH006';
    end if;
end
$$;
comment on function taskhub.check_setting(text, text) is 'Inner: refuses what is no setting of a hub, or no value of it.';
