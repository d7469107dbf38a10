-- taskhub.entity_id(entity_name, entity_key)
--
-- The id under which an entity stands in taskhub.instances: '@', the name in lower case, '@', the key. Refuses what is
-- no name or key: the name is not empty and has no '@'; neither has / \ # ? or control characters; together they are at most
-- 254 UTF-16 units. The rule of th_entity_id_problem.
-- Errors: TH006. Tables: none.
create or replace function taskhub.entity_id(p_entity_name text, p_entity_key text)
returns text language plpgsql immutable
set search_path = pg_catalog, pg_temp set standard_conforming_strings = on as $$
declare
    v_both text := p_entity_name || p_entity_key;
    -- A character beyond U+FFFF takes two units.
    v_wide int := char_length(regexp_replace(v_both collate "C", '[^\U00010000-\U0010FFFF]', '', 'g'));
    v_problem text := case
        when p_entity_name is null or p_entity_name = '' then 'entity_name: must not be empty'
        when p_entity_key is null then 'entity_key: must not be null'
        when strpos(p_entity_name, '@') > 0 then 'entity_name: must not contain ''@'''
        when p_entity_name collate "C" ~ '[/\\#?]' then 'entity_name: must not contain ''/'', ''\'', ''#'' or ''?'''
        when p_entity_key collate "C" ~ '[/\\#?]' then 'entity_key: must not contain ''/'', ''\'', ''#'' or ''?'''
        when p_entity_name collate "C" ~ '[\u0001-\u001f\u007f-\u009f]'
            then 'entity_name: must not contain control characters'
        when p_entity_key collate "C" ~ '[\u0001-\u001f\u007f-\u009f]'
            then 'entity_key: must not contain control characters'
        when char_length(v_both) + v_wide > 254
            then 'entity_name, entity_key: must not be longer than 254 characters together'
    end;
begin
    if v_problem is not null then
        raise exception '%', v_problem using errcode = 'TH006';
    end if;
    return '@' || lower(p_entity_name collate "C") || '@' || p_entity_key;
end
$$;
comment on function taskhub.entity_id(text, text) is
    'The id under which an entity stands in taskhub.instances (TH006 for what is no name or key).';
