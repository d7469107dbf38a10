-- taskhub.cron_last(expression, time_zone, due, until)
--
-- Inner. The last time not after until at which a cron expression is due; due is one of its times, and not later.
-- Errors: as taskhub.cron_next. Tables: none.
create or replace function taskhub.cron_last(
    p_expression text, p_time_zone text, p_due timestamptz, p_until timestamptz)
returns timestamptz language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_due timestamptz := p_due;
    v_end timestamptz := p_until; -- nothing is due after this and until p_until
    v_middle timestamptz;
    v_next timestamptz;
begin
    while v_end - v_due >= interval '1 second' loop
        v_middle := v_due + (v_end - v_due) / 2;
        v_next := taskhub.cron_next(p_expression, p_time_zone, v_middle);
        if v_next <= p_until then
            v_due := v_next;
        else
            v_end := v_middle;
        end if;
    end loop;
    return v_due;
end
$$;
comment on function taskhub.cron_last(text, text, timestamptz, timestamptz) is
    'Inner: the last time, up to a given one, at which a cron expression is due.';
