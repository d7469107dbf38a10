-- Of activities that a worker runs, those that nobody waits for any more: given up by their orchestrator, or of an execution that
-- has ended. Arrays: partition, id, claim number. Returns positions, from 1.
select u.n::int
from unnest($1::int[], $2::bigint[], $3::int[]) with ordinality u(p, id, claim_no, n)
left join taskhub.activities a on a.partition_id = u.p and a.id = u.id and a.claim_no = u.claim_no
left join taskhub.instances i on i.partition_id = a.partition_id and i.instance_id = a.instance_id
where a.id is null or i.execution_id is distinct from a.execution_id or i.status in (1, 3, 4, 5)
