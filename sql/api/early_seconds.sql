-- taskhub.early_seconds(settings)
--
-- Inner. For how many seconds a hub with those settings keeps an event whose instance does not exist yet; 0: it does not.
-- Errors: none. Tables: none.
create or replace function taskhub.early_seconds(p_settings jsonb)
returns int language sql immutable as $$
    select coalesce((p_settings ->> 'earlyEvents')::int, 0)
$$;
comment on function taskhub.early_seconds(jsonb) is
    'Inner: for how many seconds a hub with those settings keeps an event whose instance does not exist yet.';
