-- Messages that their instance cannot take yet (protocol I6) leave the due range and keep their number.
with held as (
    update taskhub.inbox m set due = 'infinity'
    from unnest($1::int[], $2::timestamptz[], $3::bigint[]) u(p, due, no)
    where m.partition_id = u.p and m.due = u.due and m.message_no = u.no
    returning 1
)
select taskhub.expect(count(*), $4::bigint) from held
