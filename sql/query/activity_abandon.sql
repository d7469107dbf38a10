-- Sets claims free whose number is still current (protocol A6). Arrays: partition, id, claim number, delay in microseconds, next
-- input. One with a next input got somewhere (an HTTP call that polls, say): it goes on with that and with no crashes to its name;
-- if its execution has ended, so that nobody waits for it, it goes instead. Tables: reads instances, writes activities.
with given as materialized (
    select a.partition_id, a.id, a.claim_no, u.delay_us, u.input,
           u.input is null or exists (
               select from taskhub.instances i
               where i.partition_id = a.partition_id and i.instance_id = a.instance_id and i.execution_id = a.execution_id
                 and not taskhub.is_finished(i.status)) as wanted
    from unnest($1::int[], $2::bigint[], $3::int[], $4::bigint[], $5::text[]) u(p, id, claim_no, delay_us, input)
    join taskhub.activities a on a.partition_id = u.p and a.id = u.id and a.claim_no = u.claim_no
), gone as (
    delete from taskhub.activities a using given g
    where a.partition_id = g.partition_id and a.id = g.id and a.claim_no = g.claim_no and not g.wanted
)
update taskhub.activities a
set claimed_by = null, claimed_at = null,
    due = case when g.delay_us > 0 then now() + make_interval(secs => g.delay_us / 1e6) else a.due end,
    input = coalesce(g.input, a.input), crashes = case when g.input is null then a.crashes else 0 end
from given g
where a.partition_id = g.partition_id and a.id = g.id and a.claim_no = g.claim_no and g.wanted
