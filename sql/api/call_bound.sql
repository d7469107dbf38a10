-- taskhub.call_bound(binding, input, search_path)
--
-- Inner. Calls the function that a name is bound to, with its input as its argument, and returns what it returned as JSON text, null
-- for none. The function sees search_path, and not that of this one.
-- Errors: TH007 the input is not what the function takes, or the result is not JSON; whatever the function raises.
-- Tables: those of the function.
create or replace function taskhub.call_bound(p_bound taskhub.sql_activities, p_input text, p_search_path text)
returns text language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_function text := format('%I.%I(%s)', p_bound.schema_name, p_bound.function_name,
                              case when p_bound.argument <> 'none' then '$1' else '' end);
    v_call text := case p_bound.result when 'value' then format('select pg_catalog.to_json(%s)::pg_catalog.text', v_function)
                                       when 'text' then 'select ' || v_function
                                       else format('select (%s)::pg_catalog.text', v_function) end;
    v_json json;
    v_jsonb jsonb;
    v_result text;
begin
    begin
        if p_bound.argument = 'jsonb' then
            v_jsonb := p_input::jsonb;
        elsif p_bound.argument = 'json' then
            v_json := p_input::json;
        end if;
    exception when data_exception or program_limit_exceeded then
        raise exception 'the input of activity "%" can''t be the % that %.% takes: %', p_bound.name, p_bound.argument,
            p_bound.schema_name, p_bound.function_name, sqlerrm using errcode = 'TH007';
    end;

    perform set_config('search_path', p_search_path, true);
    if p_bound.argument = 'jsonb' then
        execute v_call into v_result using v_jsonb;
    elsif p_bound.argument = 'json' then
        execute v_call into v_result using v_json;
    elsif p_bound.argument = 'text' then
        execute v_call into v_result using p_input;
    else
        execute v_call into v_result;
    end if;
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

    if p_bound.result = 'void' then
        return null;
    end if;
    if p_bound.result = 'text' then
        begin
            perform v_result::json;
        exception when data_exception or program_limit_exceeded then
            raise exception 'the result of activity "%", from %.%, is not JSON: %', p_bound.name, p_bound.schema_name,
                p_bound.function_name, sqlerrm using errcode = 'TH007';
        end;
    end if;
    return v_result;
end
$$;
comment on function taskhub.call_bound(taskhub.sql_activities, text, text) is
    'Inner: calls the function that an activity''s name is bound to; returns its result as JSON text.';
