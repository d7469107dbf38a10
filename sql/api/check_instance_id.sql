-- taskhub.check_instance_id(instance_id)
--
-- Refuses what is not an id for a new instance: 1 to 256 UTF-16 units, no leading @ (that is an entity's), none of
-- / \ # ?, no control characters. The rule of th_instance_id_problem.
-- Errors: TH006. Tables: none.
create or replace function taskhub.check_instance_id(p_instance_id text)
returns void language plpgsql immutable
set search_path = pg_catalog, pg_temp set standard_conforming_strings = on as $$
declare
    -- A character beyond U+FFFF takes two units.
    v_wide int := char_length(regexp_replace(p_instance_id collate "C", '[^\U00010000-\U0010FFFF]', '', 'g'));
    v_problem text := case
        when p_instance_id is null or p_instance_id = '' then 'must not be empty'
        when char_length(p_instance_id) + v_wide > 256 then 'must not be longer than 256 characters'
        when left(p_instance_id, 1) = '@' then 'must not begin with ''@'''
        when p_instance_id collate "C" ~ '[/\\#?]' then 'must not contain ''/'', ''\'', ''#'' or ''?'''
        when p_instance_id collate "C" ~ '[\u0001-\u001f\u007f-\u009f]' then 'must not contain control characters'
    end;
begin
    if v_problem is not null then
        raise exception 'instance_id: %', v_problem using errcode = 'TH006';
    end if;
end
$$;
comment on function taskhub.check_instance_id(text) is 'Refuses what is not an id for a new instance (TH006).';
