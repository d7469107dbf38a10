-- taskhub.check_tags(tags)
--
-- Refuses tags that are not a JSON object whose values are strings; null passes. U+0000 and halves of surrogate pairs are
-- refused too, because jsonb, by which tags are searched, can't hold them.
-- Errors: TH006. Tables: none.
create or replace function taskhub.check_tags(p_tags text)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    if p_tags is null then
        return;
    end if;
    perform taskhub.check_json('tags', p_tags);
    begin
        perform p_tags::jsonb;
    exception when data_exception then
        raise exception 'tags: must not contain U+0000 or halves of surrogate pairs' using errcode = 'TH006';
    end;
    if json_typeof(p_tags::json) <> 'object' then
        raise exception 'tags: must be a JSON object' using errcode = 'TH006';
    end if;
    if exists (select from json_each(p_tags::json) t where json_typeof(t.value) <> 'string') then
        raise exception 'tags: must have strings as values' using errcode = 'TH006';
    end if;
end
$$;
comment on function taskhub.check_tags(text) is
    'Refuses tags that are not a JSON object of strings (TH006); null passes.';
