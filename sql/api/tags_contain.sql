-- taskhub.tags_contain(tags, wanted)
--
-- Whether tags have all that wanted has, name by name and value by value. Tags that jsonb can't hold have nothing.
-- Errors: none. Tables: none.
create or replace function taskhub.tags_contain(p_tags text, p_wanted jsonb)
returns boolean language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    return coalesce(p_tags::jsonb @> p_wanted, false);
exception when data_exception then
    return false;
end
$$;
comment on function taskhub.tags_contain(text, jsonb) is
    'Whether the tags of an instance have all those that are wanted, name by name and value by value.';
