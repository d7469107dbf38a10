-- Held messages of instances that can take them now (protocol I6), in order; columns as inbox_read. Arrays: partition, id and
-- number of the message, null: all; then numbers in hand.
select m.partition_id, m.due, m.message_no, m.instance_id, m.start_id, m.execution_id, m.kind, m.name, m.ref,
       m.message_id, m.attempts, m.payload, m.body, m.sent_at,
       i.start_id, i.execution_id, i.status, i.name, i.version,
       case when m.kind = 3 and i.start_id = m.start_id then i.input end,
       i.tags, i.parent_instance_id, i.parent_execution_id, i.parent_ref, i.is_entity,
       false, nullif(i.priority, 0)
from (
    select h.* from unnest($1::int[], $2::text[], $3::bigint[]) u(p, id, no)
    join taskhub.inbox h on h.partition_id = u.p and h.instance_id = u.id and h.due = 'infinity' and h.message_no = u.no
    union all
    select h.* from unnest($1::int[], $2::text[], $3::bigint[]) u(p, id, no)
    join taskhub.inbox h on h.partition_id = u.p and h.instance_id = u.id and h.due = 'infinity'
    where u.no is null
) m
left join taskhub.instances i on i.partition_id = m.partition_id and i.instance_id = m.instance_id
where m.message_no not in (select unnest($4::bigint[]))
order by m.partition_id, m.instance_id, m.message_no
