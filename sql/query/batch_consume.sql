-- Messages that the batch records; each must be there. Arrays: partition, due, number; then how many.
with gone as (
    delete from taskhub.inbox m
    using unnest($1::int[], $2::timestamptz[], $3::bigint[]) u(p, due, no)
    where m.partition_id = u.p and m.due = u.due and m.message_no = u.no
    returning 1
)
select taskhub.expect(count(*), $4::bigint) from gone
