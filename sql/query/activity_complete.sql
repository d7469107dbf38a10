-- Completes activities whose claim is still current: the row goes, the completion comes into the inbox, in one statement
-- (protocol A4). Arrays sorted by key: partition, id, claim number, kind (7 completed, 8 failed, 100 an episode
-- was answered), result, body.
with gone as (
    delete from taskhub.activities a
    using unnest($1::int[], $2::bigint[], $3::int[], $4::smallint[], $5::text[], $6::text[])
          u(p, id, claim_no, kind, result, body)
    where a.partition_id = u.p and a.id = u.id and a.claim_no = u.claim_no
    returning a.partition_id, a.id, a.instance_id, a.start_id, a.execution_id, a.seq, u.kind, u.result, u.body
), answered as (
    insert into taskhub.inbox (partition_id, instance_id, start_id, execution_id, kind, ref, payload, body)
    select partition_id, instance_id, start_id, execution_id, kind, seq, result, body from gone
)
select partition_id, id from gone
