-- taskhub.cron_next(expression, time_zone, after)
--
-- The first time after that one (null: now) at which a cron expression is due, as the clocks of the time zone show it; null if it
-- never is. A local time that does not exist is due at the moment the clocks go forward; one that exists twice, the
-- first time only.
-- Errors: TH006 bad expression, time zone or time. Tables: none.
create or replace function taskhub.cron_next(
    p_expression text, p_time_zone text default 'UTC', p_after timestamptz default null)
returns timestamptz language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_after timestamptz := coalesce(p_after, taskhub.now());
    f record;
    v_from timestamp; -- candidates are from here on
    v_date date;
    v_hour int;
    v_minute int;
    v_second int := 0; -- of the day
    v_low timestamp;
    v_middle timestamp;
begin
    if not isfinite(v_after) then
        raise exception 'after: must not be infinite' using errcode = 'TH006';
    end if;
    begin
        v_from := date_trunc('second', v_after at time zone p_time_zone) + interval '1 second';
    exception when invalid_parameter_value then
        null;
    end;
    if v_from is null then
        raise exception 'time_zone: there is no time zone "%"', p_time_zone using errcode = 'TH006';
    end if;
    f := taskhub.cron_fields(p_expression);

    -- Clocks that went back show times again that were due before: on to the first time that they have not shown.
    if taskhub.local_instant(v_from, p_time_zone) <= v_after then
        v_low := v_from;
        v_from := v_low + interval '48 hours';
        while v_from - v_low > interval '1 second' loop
            v_middle := date_trunc('second', v_low + (v_from - v_low) / 2);
            if taskhub.local_instant(v_middle, p_time_zone) <= v_after then
                v_low := v_middle;
            else
                v_from := v_middle;
            end if;
        end loop;
    end if;

    v_date := taskhub.cron_date(f.days, f.months, f.weekdays, f.either, v_from::date);
    if v_date = v_from::date then
        v_hour := extract(hour from v_from);
        v_minute := extract(minute from v_from);
        v_second := extract(second from v_from);
        -- In this minute, in a later one of this hour, in a later hour.
        v_second := least(
            case when v_hour = any (f.hours) and v_minute = any (f.minutes) then
                v_hour * 3600 + v_minute * 60 + (select min(s) from unnest(f.seconds) s where s >= v_second) end,
            case when v_hour = any (f.hours) then
                v_hour * 3600 + (select min(m) from unnest(f.minutes) m where m > v_minute) * 60 + f.seconds[1] end,
            (select min(h) from unnest(f.hours) h where h > v_hour) * 3600 + f.minutes[1] * 60 + f.seconds[1]);
        if v_second is null then
            v_date := taskhub.cron_date(f.days, f.months, f.weekdays, f.either, v_date + 1);
        end if;
    else
        v_second := null;
    end if;
    v_second := coalesce(v_second, f.hours[1] * 3600 + f.minutes[1] * 60 + f.seconds[1]);
    return taskhub.local_instant(v_date + make_interval(secs => v_second), p_time_zone);
end
$$;
comment on function taskhub.cron_next(text, text, timestamptz) is
    'The first time after that one at which a cron expression is due in a time zone; null if it never is.';
