-- Messages that the batch drops (protocol I4): whether they are still there does not matter.
delete from taskhub.inbox m
using unnest($1::int[], $2::timestamptz[], $3::bigint[]) u(p, due, no)
where m.partition_id = u.p and m.due = u.due and m.message_no = u.no
