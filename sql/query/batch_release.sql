-- Held messages of instances that can take them now (protocol I6) are due at once, in the order of their numbers; in the
-- batch that makes it so, since a wish in memory would be lost with its owner. Arrays: partition, id.
update taskhub.inbox m set due = '-infinity'
from unnest($1::int[], $2::text[]) u(p, id)
where m.partition_id = u.p and m.instance_id = u.id and m.due = 'infinity'
