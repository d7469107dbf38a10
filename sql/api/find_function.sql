-- taskhub.find_function(function)
--
-- Inner. The function of that signature ('app.charge(jsonb)'), or the only one of that name ('app.charge').
-- Errors: TH006 there is none, several have that name, or it is temporary; 42501 the caller may
-- not use its schema. Tables: reads pg_proc.
create or replace function taskhub.find_function(p_function text)
returns oid language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_found oid;
begin
    if p_function is null or p_function = '' then
        raise exception 'function: must not be empty' using errcode = 'TH006';
    end if;
    begin
        v_found := case when strpos(p_function, '(') > 0 then to_regprocedure(p_function)::oid
                        else to_regproc(p_function)::oid end;
    exception
    when insufficient_privilege then
        raise;
    when syntax_error_or_access_rule_violation or data_exception then
        raise exception 'function: % can''t be looked up', p_function using errcode = 'TH006', detail = sqlerrm;
    end;
    if v_found is null then
        raise exception 'function: there is no function %, or there are several', p_function
            using errcode = 'TH006', hint = 'Write its schema and the type of its argument, as in app.charge(jsonb).';
    end if;
    if exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
               where p.oid = v_found and n.nspname like 'pg\_temp%') then
        raise exception 'function: % is temporary', p_function using errcode = 'TH006';
    end if;
    return v_found;
end
$$;
comment on function taskhub.find_function(text) is
    'Inner: the number of a function that is written as app.charge(jsonb) or, if there is only one, app.charge.';
