-- taskhub.utc_text(at)
--
-- Inner. A time as sentences have it: ISO 8601, UTC, whole seconds.
-- Errors: none. Tables: none.
create or replace function taskhub.utc_text(p_at timestamptz)
returns text language sql stable as $$
    select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;
comment on function taskhub.utc_text(timestamptz) is 'Inner: a time as sentences have it, in UTC.';
