-- New activities; those born claimed carry the worker and claim number 1. Of those that are due at once `due` is their rank in
-- the queue: two hours ago, and a minute earlier for each step of priority (-100 to 100), so that higher ones go first and
-- none waits for ever, by the order and the index that the queue has anyway.
insert into taskhub.activities (partition_id, id, instance_id, start_id, execution_id, seq, task_id, name, version,
                                orch_version, input, tags, attempt, priority, due, claimed_by, claimed_at, claim_no,
                                trace)
select p, id, instance_id, start_id, execution_id, seq, task_id, name, version, orch_version, input, tags, attempt,
       coalesce(priority, 0), case when due is not null then due
            when priority is null then now() - interval '2 hours'
            else now() - (120 + priority) * interval '1 minute' end, claimed_by,
       case when claimed_by is not null then now() end, case when claimed_by is not null then 1 else 0 end, trace
from unnest($1::int[], $2::bigint[], $3::text[], $4::uuid[], $5::uuid[], $6::int[], $7::int[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::text[], $13::int[], $14::smallint[], $15::timestamptz[],
            $16::int[], $17::text[])
     u(p, id, instance_id, start_id, execution_id, seq, task_id, name, version, orch_version, input, tags, attempt,
       priority, due, claimed_by, trace)
