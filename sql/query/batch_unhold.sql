-- Held messages of instances that end. Arrays: partition, id.
delete from taskhub.inbox m
using unnest($1::int[], $2::text[]) u(p, id)
where m.partition_id = u.p and m.instance_id = u.id and m.due = 'infinity'
