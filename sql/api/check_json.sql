-- taskhub.check_json(argument, value)
--
-- Refuses a text that is not one JSON value, nested deeper than PostgreSQL can follow included; null passes. The text
-- is only looked at: what is stored is the text as it came, byte for byte.
-- Errors: TH006, with PostgreSQL's words as detail. Tables: none.
create or replace function taskhub.check_json(p_argument text, p_value text)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    perform p_value::json;
exception when data_exception or statement_too_complex then
    raise exception '%: must be valid JSON', p_argument using errcode = 'TH006', detail = sqlerrm;
end
$$;
comment on function taskhub.check_json(text, text) is 'Refuses a text that is not one JSON value (TH006); null passes.';
