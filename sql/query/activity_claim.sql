-- Claims due activities of one partition (protocol A2). Partition, worker, how many, names in lower case (* is
-- any name). Those that several
-- workers have died with are left for activity_claim_suspect.
update taskhub.activities a
set claimed_by = $2::int, claimed_at = now(), claim_no = a.claim_no + 1
where a.partition_id = $1::int and a.id = any (array(
    select b.id from taskhub.activities b
    where b.partition_id = $1::int and b.claimed_by is null and b.kind = 0 and b.due <= now()
      and (lower(b.name collate "C") = any ($4::text[]) or '*' = any ($4::text[])) and b.crashes < 2
    order by b.due, b.id limit $3::int
    for update skip locked))
returning a.partition_id, a.id, a.claim_no, a.instance_id, a.start_id, a.execution_id, a.seq, a.task_id, a.attempt,
          a.name, a.version, a.input, a.tags, a.trace, a.priority
