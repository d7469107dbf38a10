-- Few among many instances are found by an index, and a row by its key as ever.
begin;
\ir helpers/taskhub_test.sql
select plan(6);
select taskhub_test.given_hub();
insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, name, created_at, completed_at)
select h.first_partition + n % 4, 'done' || n, gen_random_uuid(), gen_random_uuid(), 1, 'hello', now() - n * interval '1 min', now()
from taskhub.hubs h, generate_series(1, 20000) n where h.name = 'PgTapHub';
select taskhub_test.given_instance('live' || n) from generate_series(1, 5) n;
analyze taskhub.instances;
create function pg_temp.plan_of(p_sql text) returns text language plpgsql as $$
declare
    v_line text;
    v_plan text := '';
begin
    for v_line in execute 'explain ' || p_sql loop
        v_plan := v_plan || v_line || E'\n';
    end loop;
    return v_plan;
end
$$;
select unalike(pg_temp.plan_of('select * from taskhub.stuck'), '%Seq Scan on instances%', 'what is stuck is looked for among those that live');
select alike(pg_temp.plan_of('select * from taskhub.stuck'), '%instances_live%', 'by their index');
select alike(pg_temp.plan_of($$ select from taskhub.instances where created_at >= now() - interval '1 hour'
    and partition_id between 0 and 1000000 order by created_at limit 5000 $$), '%instances_created%', 'those of a span of time by another');
select alike(pg_temp.plan_of($$ select * from taskhub.instances where partition_id = 1 and instance_id = 'live1' $$), '%instances_pkey%', 'one by its key');
select alike(pg_temp.plan_of($$ select * from taskhub.instances where partition_id = 1 and instance_id = 'live1' and completed_at is null
    and status in (0, 2, 6, 7) $$), '%Index%', 'and a live one by a key');
select alike(pg_temp.plan_of('select * from taskhub.poisoned'), '%instances_failed%', 'what was given up is looked for among those that failed');
select * from finish();
rollback;
