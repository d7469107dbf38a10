-- Timers that are cancelled or whose instance ends: found by due time, instance and the event that they answer (protocol T1).
delete from taskhub.inbox m
using unnest($1::int[], $2::timestamptz[], $3::text[], $4::uuid[], $5::int[]) u(p, due, id, execution_id, ref)
where m.partition_id = u.p and m.due = u.due and m.instance_id = u.id
  and m.execution_id = u.execution_id and m.ref = u.ref and m.kind = 13
