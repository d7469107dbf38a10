-- Lock requests that are held and whose run has ended or left. Arrays: partition, id, message id.
delete from taskhub.inbox m
using unnest($1::int[], $2::text[], $3::text[]) u(p, id, message_id)
where m.partition_id = u.p and m.instance_id = u.id and m.due = 'infinity' and m.kind = 27
  and m.message_id = u.message_id
