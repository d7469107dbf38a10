-- Unclaimed activities of executions that ended; claimed ones finish and are dropped (protocol F4).
delete from taskhub.activities a
where (a.partition_id, a.id) in (
    select b.partition_id, b.id
    from unnest($1::int[], $2::text[], $3::uuid[]) u(p, id, execution_id)
    join taskhub.activities b on b.partition_id = u.p and b.instance_id = u.id
         and b.execution_id = u.execution_id and b.claimed_by is null
    for update of b skip locked)
