-- taskhub.start_instances(name, inputs, hub)
--
-- Starts one instance of the orchestrator for each element of inputs (a null one: no input), all in one statement, and
-- returns their ids, 32 random hex digits each, in the order of the inputs. All start or none.
-- Errors: TH006 bad name or hub, no inputs, an input that is not JSON (the message says which).
-- Tables: reads hubs; writes instances, inbox. Waits for nobody.
create or replace function taskhub.start_instances(p_name text, p_inputs text[], p_hub text default null)
returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs;
    v_partitions int[];
    v_ids text[];
begin
    perform taskhub.check_name('name', p_name);
    if p_inputs is null then
        raise exception 'inputs: must not be null' using errcode = 'TH006';
    end if;
    begin
        perform count(v::json) from unnest(p_inputs) v;
    exception when data_exception or statement_too_complex then
        perform taskhub.check_json(format('inputs[%s]', n), v) from unnest(p_inputs) with ordinality t(v, n);
        raise;
    end;
    v_hub := taskhub.resolve_hub(p_hub);

    with given as materialized (
        select n, input, replace(gen_random_uuid()::text, '-', '') as id, gen_random_uuid() as start_id,
               gen_random_uuid() as execution_id
        from unnest(p_inputs) with ordinality t(input, n)
    ), placed as materialized (
        select g.*, v_hub.first_partition + (taskhub.partition_hash(g.id) % v_hub.partition_count)::int as partition_id
        from given g
    ), started as (
        insert into taskhub.instances
            (partition_id, instance_id, start_id, execution_id, status, name, input, created_at, updated_at)
        select partition_id, id, start_id, execution_id, 6, p_name, input, taskhub.now(), taskhub.now()
        from placed
    ), sent as (
        insert into taskhub.inbox (partition_id, instance_id, start_id, execution_id, kind, name)
        select partition_id, id, start_id, execution_id, 3, p_name from placed order by n
    )
    select array_agg(distinct partition_id), array_agg(id order by n) into v_partitions, v_ids from placed;

    perform taskhub.notify_partitions(variadic v_partitions);
    return query select id from unnest(v_ids) with ordinality t(id, n) order by n;
end
$$;
comment on function taskhub.start_instances(text, text[], text) is
    'Starts one instance of an orchestrator for each input and returns their ids in that order.';
