-- Claims due episodes of a hub for this worker to run (protocol O6, A2). First partition, how many, worker, how many episodes,
-- names of orchestrators and of entities in lower case (* is any name); whether to take one that workers have died with, of which a worker
-- holds no more than one at a time; names with versions (and a line's end between them) that this worker does not run.
with picked as materialized (
    select b.partition_id, b.id from taskhub.activities b
    where b.partition_id between $1::int and $1::int + $2::int - 1 and b.claimed_by is null and b.kind <> 0
      and b.due <= now()
      and (lower(b.name collate "C") = any (case when b.kind = 1 then $5::text[] else $6::text[] end)
           or '*' = any (case when b.kind = 1 then $5::text[] else $6::text[] end))
      and case when $7::boolean
               then b.crashes >= 2 and not exists (
                        select from taskhub.activities s
                        where s.partition_id between $1::int and $1::int + $2::int - 1 and s.kind <> 0
                          and s.claimed_by = $3::int and s.crashes >= 2)
               else b.crashes < 2 end
      and b.name || E'\n' || coalesce(b.version, '') <> all ($8::text[])
    order by case when $7::boolean then b.crashes else 0 end, b.due, b.id
    limit $4::int
    for update skip locked
)
update taskhub.activities a
set claimed_by = $3::int, claimed_at = now(), claim_no = a.claim_no + 1
from picked p
where a.partition_id = p.partition_id and a.id = p.id
returning a.partition_id, a.id, a.claim_no, a.instance_id, a.start_id, a.execution_id, a.seq, a.task_id, a.attempt,
          a.name, a.version, a.input, a.tags, a.trace, a.kind, a.messages
