-- History of older starts of an instance id, deleted with the new start's first episode.
delete from taskhub.history h
using unnest($1::int[], $2::text[], $3::uuid[]) u(p, id, execution_id)
where h.partition_id = u.p and h.instance_id = u.id and h.execution_id <> u.execution_id
