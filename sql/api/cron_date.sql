-- taskhub.cron_date(days, months, weekdays, either, from)
--
-- Inner. The first date from that one on which a cron expression's fields of days and months allow, null if there is
-- none within 40 years: the 30th of February, say. (Leap days come at least every 8 years, and fall on a given day of
-- the week at least every 40.)
-- Errors: none. Tables: none.
create or replace function taskhub.cron_date(
    p_days int[], p_months int[], p_weekdays int[], p_either boolean, p_from date)
returns date language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    c_months constant int := 40 * 12;
    v_first date := date_trunc('month', p_from::timestamp)::date;
    v_from int := extract(day from p_from);
    v_next date;
    v_day int;
begin
    for i in 0 .. c_months loop
        v_next := (v_first + interval '1 month')::date;
        if extract(month from v_first)::int = any (p_months) then
            select min(d) into v_day from generate_series(v_from, v_next - v_first) d
            where case when p_either
                       then d = any (p_days) or extract(dow from v_first + (d - 1))::int = any (p_weekdays)
                       else d = any (p_days) and extract(dow from v_first + (d - 1))::int = any (p_weekdays) end;
            if v_day is not null then
                return v_first + (v_day - 1);
            end if;
        end if;
        v_first := v_next;
        v_from := 1;
    end loop;
    return null;
end
$$;
comment on function taskhub.cron_date(int[], int[], int[], boolean, date) is
    'Inner: the first date on which a cron expression allows, null if there is none.';
