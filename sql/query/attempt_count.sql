-- Messages that are run carefully (protocol O2): one attempt more on each, committed before their instances run. Arrays: the key.
update taskhub.inbox m set attempts = m.attempts + 1
from unnest($1::int[], $2::timestamptz[], $3::bigint[]) u(p, due, no)
where m.partition_id = u.p and m.due = u.due and m.message_no = u.no
