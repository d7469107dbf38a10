-- taskhub.check_time_zone(time_zone)
--
-- Inner. The name of a time zone as the server's zone data spell it. Refused are offsets and what only looks like a zone
-- ("UTC+3" would be west of Greenwich), and abbreviations: CET, to PostgreSQL, is winter time all year.
-- Errors: TH006. Tables: none; reads the zone data, which takes some milliseconds.
create or replace function taskhub.check_time_zone(p_time_zone text)
returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_name text;
begin
    if upper(p_time_zone) = 'UTC' then
        return 'UTC'; -- at once
    end if;
    if exists (select from pg_timezone_abbrevs
               where lower(abbrev) = lower(p_time_zone) and utc_offset <> interval '0') then
        raise exception 'time_zone: "%" is an abbreviation', p_time_zone using errcode = 'TH006',
            hint = 'Use a name of the IANA database, such as Europe/Berlin or UTC.';
    end if;
    select name into v_name from pg_timezone_names
    where lower(name) = lower(p_time_zone) and name !~ '^(posix|right)/' and name not in ('localtime', 'posixrules');
    if not found then
        raise exception 'time_zone: there is no time zone "%"', p_time_zone using errcode = 'TH006',
            hint = 'Use a name of the IANA database, such as Europe/Berlin or UTC.';
    end if;
    return v_name;
end
$$;
comment on function taskhub.check_time_zone(text) is
    'Inner: the name of a time zone as the server''s zone data spell it; refuses others (TH006).';
