-- Starts that are not due yet, of instances that end before: found by the time that the row names. Arrays: partition, id, start.
delete from taskhub.inbox m
using unnest($1::int[], $2::text[], $3::uuid[]) u(p, id, start_id)
join taskhub.instances i on i.partition_id = u.p and i.instance_id = u.id and i.start_id = u.start_id
where m.partition_id = u.p and m.due = i.scheduled_start and m.instance_id = u.id and m.start_id = u.start_id and m.kind = 3
