-- taskhub.cron_value(field, value, min, max, names)
--
-- Inner. A number or a name of a cron field as a number. names are whole English words in lower case, from min on; the
-- first three letters do too.
-- Errors: TH006. Tables: none.
create or replace function taskhub.cron_value(p_field text, p_value text, p_min int, p_max int, p_names text[])
returns int language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    v_value int;
begin
    if p_value ~ '^[0-9]' then
        v_value := p_value::int;
    else
        select p_min + n::int - 1 into v_value
        from unnest(p_names) with ordinality t(name, n) where p_value in (name, left(name, 3));
    end if;
    if v_value is null then
        raise exception 'expression: the field "%" has no value "%"', p_field, p_value using errcode = 'TH006';
    end if;
    if v_value not between p_min and p_max then
        raise exception 'expression: the field "%" goes from % to %, not to %', p_field, p_min, p_max, v_value
            using errcode = 'TH006';
    end if;
    return v_value;
end
$$;
comment on function taskhub.cron_value(text, text, int, int, text[]) is
    'Inner: a number or a name of a cron field as a number.';
