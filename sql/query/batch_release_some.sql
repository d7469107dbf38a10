-- The first 500 of an entity's held messages are due at once: it goes on with those, and the rest stays where it is, so that a
-- long line costs what is taken from it. Arrays: partition, id.
update taskhub.inbox m set due = '-infinity'
from unnest($1::int[], $2::text[]) u(p, id)
cross join lateral (
    select h.message_no from taskhub.inbox h
    where h.partition_id = u.p and h.instance_id = u.id and h.due = 'infinity'
    order by h.message_no limit 500) first
where m.partition_id = u.p and m.due = 'infinity' and m.message_no = first.message_no
