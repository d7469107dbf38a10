-- taskhub.cron_fields(expression)
--
-- Inner. A cron expression taken apart: what each field allows. Five fields (minute, hour, day, month, day of the week)
-- or six, with seconds first. either: both fields of days are restricted, that is, begin with neither * nor ?; then a
-- day that fits one of them will do, as in cron.
-- Errors: TH006. Tables: none.
create or replace function taskhub.cron_fields(
    p_expression text, out seconds int[], out minutes int[], out hours int[], out days int[], out months int[],
    out weekdays int[], out either boolean)
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    c_months constant text[] := array['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august',
                                      'september', 'october', 'november', 'december'];
    c_weekdays constant text[] := array['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
    v_fields text[];
begin
    if p_expression is null or char_length(p_expression) > 256 then
        raise exception 'expression: must have 1 to 256 characters' using errcode = 'TH006';
    end if;
    v_fields := array(select m[1] from regexp_matches(p_expression, '[^[:space:]]+', 'g') m);
    if cardinality(v_fields) = 5 then
        v_fields := array_prepend('0', v_fields);
    elsif cardinality(v_fields) <> 6 then
        raise exception 'expression: must have 5 fields, or 6 with seconds first, has %', cardinality(v_fields)
            using errcode = 'TH006';
    end if;

    seconds := taskhub.cron_field('second', v_fields[1], 0, 59);
    minutes := taskhub.cron_field('minute', v_fields[2], 0, 59);
    hours := taskhub.cron_field('hour', v_fields[3], 0, 23);
    days := taskhub.cron_field('day', v_fields[4], 1, 31);
    months := taskhub.cron_field('month', v_fields[5], 1, 12, c_months);
    weekdays := taskhub.cron_field('day of the week', v_fields[6], 0, 7, c_weekdays);
    either := v_fields[4] !~ '^[*?]' and v_fields[6] !~ '^[*?]';
end
$$;
comment on function taskhub.cron_fields(text) is 'Inner: a cron expression taken apart, what each field allows.';
