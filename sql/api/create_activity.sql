-- taskhub.create_activity(name, function, hub, replace)
--
-- Binds an activity's name to a function of this database: from now on any process of the hub runs it, in one
-- transaction together with its completion. function is written with its schema, as 'app.charge(jsonb)', or 'app.charge'
-- where only one has that name. It takes nothing or one argument: jsonb or json (the input as a value) or text (the input as
-- it came). What it returns is the result: jsonb or json as it is, text (it must be JSON, and stays as it is), void
-- (none), anything else made into JSON. Null is no result.
-- Whoever binds a function must be allowed to execute it; it runs with the rights of the role that the program logs in with,
-- unless it is security definer. Returns the function's signature.
-- Errors: TH003 the name is bound, and not replace; TH006 no such hub, bad name, or a function that can't be bound; 42501 the
-- caller may not execute it. Tables: reads hubs, pg_proc; writes sql_activities.
create or replace function taskhub.create_activity(
    p_name text, p_function text, p_hub text default null, p_replace boolean default false)
returns text language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_function oid := taskhub.find_function(p_function);
    v_proc pg_proc;
    v_schema text;
    v_argument text;
    v_result text;
begin
    perform taskhub.check_name('name', p_name);
    select * into v_proc from pg_proc where oid = v_function;
    select nspname into v_schema from pg_namespace where oid = v_proc.pronamespace;
    if v_proc.prokind <> 'f' or v_proc.proretset then
        raise exception 'function: % must be a plain function that returns one value', p_function using errcode = 'TH006';
    end if;
    v_argument := case when v_proc.pronargs = 0 then 'none'
                       when v_proc.pronargs = 1 and v_proc.provariadic = 0
                       then (select t.typname from pg_type t where t.oid = v_proc.proargtypes[0]
                             and t.oid in ('text'::regtype, 'json'::regtype, 'jsonb'::regtype)) end;
    if v_argument is null then
        raise exception 'function: % must take nothing, or one argument of type jsonb, json or text', p_function
            using errcode = 'TH006';
    end if;
    v_result := case when v_proc.prorettype = 'void'::regtype then 'void'
                     when v_proc.prorettype = 'text'::regtype then 'text'
                     when v_proc.prorettype in ('json'::regtype, 'jsonb'::regtype) then 'json'
                     when v_proc.prorettype = 'record'::regtype and v_proc.proargnames is not null then 'value'
                     when exists (select from pg_type where oid = v_proc.prorettype and typtype <> 'p') then 'value' end;
    if v_result is null then
        raise exception 'function: % returns %, which can''t be a result', p_function, v_proc.prorettype::regtype
            using errcode = 'TH006';
    end if;
    if not has_schema_privilege(v_proc.pronamespace, 'usage') or not has_function_privilege(v_function, 'execute') then
        raise exception 'permission denied for function %', p_function using errcode = 'insufficient_privilege';
    end if;

    insert into taskhub.sql_activities as a
        (hub_id, name_key, name, schema_name, function_name, argument, result, created_by, created_at)
    values (v_hub.hub_id, lower(p_name collate "C"), p_name, v_schema, v_proc.proname, v_argument, v_result, current_user,
            taskhub.now())
    on conflict (hub_id, name_key) do update
    set name = excluded.name, schema_name = excluded.schema_name, function_name = excluded.function_name,
        argument = excluded.argument, result = excluded.result, created_by = excluded.created_by,
        created_at = excluded.created_at
    where p_replace;
    if not found then
        raise exception 'hub "%" already has a SQL activity "%"', v_hub.name, p_name using errcode = 'TH003';
    end if;
    perform taskhub.notify_names(v_hub.hub_id);
    return v_function::regprocedure::text;
end
$$;
comment on function taskhub.create_activity(text, text, text, boolean) is
    'Binds an activity''s name to a function, which then runs in one transaction together with its completion.';
