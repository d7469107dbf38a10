-- taskhub.local_instant(local, time_zone)
--
-- Inner. The instant at which the clocks of a time zone first show that time or a later one. Of a time that exists
-- twice, when clocks go back, it is the first; of one that does not exist, when they go forward, the moment of the
-- change. Later times never have earlier instants.
-- Errors: 22023 no such time zone. Tables: none.
create or replace function taskhub.local_instant(p_local timestamp, p_time_zone text)
returns timestamptz language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    -- PostgreSQL gives the second of two, and reads a missing time by the clock before the change.
    v_at timestamptz := p_local at time zone p_time_zone;
    v_before timestamptz := v_at - interval '24 hours';
    v_first timestamptz := v_before + (p_local - (v_before at time zone p_time_zone));
    v_middle timestamptz;
begin
    if v_first < v_at and v_first at time zone p_time_zone = p_local then
        return v_first;
    elsif v_at at time zone p_time_zone = p_local then
        return v_at;
    end if;

    -- The change lies between v_before, which shows less, and v_at, which shows more: on a whole second.
    while v_at - v_before > interval '1 second' loop
        v_middle := v_before + make_interval(secs => floor(extract(epoch from v_at - v_before) / 2)::float8);
        if v_middle at time zone p_time_zone < p_local then
            v_before := v_middle;
        else
            v_at := v_middle;
        end if;
    end loop;
    return v_at;
end
$$;
comment on function taskhub.local_instant(timestamp, text) is
    'Inner: the instant at which the clocks of a time zone first show that time or a later one.';
