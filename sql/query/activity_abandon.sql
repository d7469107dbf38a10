-- Sets claims free whose number is still current (protocol A6). Arrays: partition, id, claim number; then the delay in microseconds.
update taskhub.activities a
set claimed_by = null, claimed_at = null,
    due = case when $4::bigint > 0 then now() + make_interval(secs => $4::bigint / 1e6) else a.due end
from unnest($1::int[], $2::bigint[], $3::int[]) u(p, id, claim_no)
where a.partition_id = u.p and a.id = u.id and a.claim_no = u.claim_no
