-- taskhub.early_seconds(settings)
--
-- Inner. For how many seconds a hub with those settings keeps an event whose instance does not exist yet; 0: it does not.
-- Errors: none. Tables: none.
create or replace function taskhub.early_seconds(p_settings jsonb)
returns int language sql stable set search_path = pg_catalog, pg_temp as $$
    select case when coalesce(lower(p_settings ->> 'early_events'), 'off') = 'off' then 0
                else ceil(extract(epoch from (p_settings ->> 'early_events')::interval))::int end
$$;
comment on function taskhub.early_seconds(jsonb) is
    'Inner: for how many seconds a hub with those settings keeps an event whose instance does not exist yet.';
