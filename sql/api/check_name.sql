-- taskhub.check_name(argument, value)
--
-- Refuses a name that is null, empty or longer than 256 characters; the message names the argument.
-- Errors: TH006. Tables: none.
create or replace function taskhub.check_name(p_argument text, p_value text)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    if p_value is null or p_value = '' then
        raise exception '%: must not be empty', p_argument using errcode = 'TH006';
    end if;
    if char_length(p_value) > 256 then
        raise exception '%: must not be longer than 256 characters, has %', p_argument, char_length(p_value)
            using errcode = 'TH006';
    end if;
end
$$;
comment on function taskhub.check_name(text, text) is
    'Refuses a name that is null, empty or longer than 256 characters (TH006).';
