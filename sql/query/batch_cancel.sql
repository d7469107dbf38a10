-- Activities that their orchestrator has given up, claimed or not: a worker that runs one finds its row gone (activity_unwanted),
-- and its completion comes to nothing. By number where it is known, else (0) by the event that scheduled it. Arrays: partition,
-- number, instance, execution, event.
with given as materialized (
    select * from unnest($1::int[], $2::bigint[], $3::text[], $4::uuid[], $5::int[]) u(p, id, instance_id, execution_id, seq)
), known as (
    delete from taskhub.activities a using given g
    where g.id <> 0 and a.partition_id = g.p and a.id = g.id and a.execution_id = g.execution_id
)
delete from taskhub.activities a using given g
where g.id = 0 and a.partition_id = g.p and a.instance_id = g.instance_id and a.execution_id = g.execution_id and a.seq = g.seq
