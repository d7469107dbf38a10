-- The next activity that workers have died with twice or more, if this worker holds no other: each runs alone among its kind, so
-- that the one to blame reaches the limit and those that ran beside it do not. Fewest crashes first. First partition, how many,
-- worker, names in lower case (* is any name). Returns partition and id.
select b.partition_id, b.id
from taskhub.activities b
where b.partition_id between $1::int and $1::int + $2::int - 1 and b.claimed_by is null and b.kind = 0 and b.due <= now()
  and b.crashes >= 2
  and (lower(b.name collate "C") = any ($4::text[]) or '*' = any ($4::text[]))
  and not exists (
      select from taskhub.activities s
      where s.partition_id between $1::int and $1::int + $2::int - 1 and s.claimed_by = $3::int and s.kind = 0
        and s.crashes >= 2)
order by b.crashes, b.due, b.id
limit 1
