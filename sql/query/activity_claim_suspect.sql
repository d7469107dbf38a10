-- Claims the activity that activity_suspect found, unless another worker was first. Partition, worker, id.
update taskhub.activities a
set claimed_by = $2::int, claimed_at = now(), claim_no = a.claim_no + 1
where a.partition_id = $1::int and a.id = any (array(
    select b.id from taskhub.activities b
    where b.partition_id = $1::int and b.id = $3::bigint and b.claimed_by is null
    for update skip locked))
returning a.partition_id, a.id, a.claim_no, a.instance_id, a.start_id, a.execution_id, a.seq, a.task_id, a.attempt,
          a.name, a.version, a.input, a.tags, a.trace, a.priority
