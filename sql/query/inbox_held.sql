-- Held messages of instances that can take them now (protocol I6), in order; columns as inbox_read.
select m.partition_id, m.due, m.message_no, m.instance_id, m.start_id, m.execution_id, m.kind, m.name, m.ref,
       m.message_id, m.attempts, m.payload, m.body, m.sent_at,
       i.start_id, i.execution_id, i.status, i.name, i.version, null::text,
       i.tags, i.parent_instance_id, i.parent_execution_id, i.parent_ref, i.is_entity,
       false, nullif(i.priority, 0)
from unnest($1::int[], $2::text[]) u(p, id)
join taskhub.inbox m on m.partition_id = u.p and m.instance_id = u.id and m.due = 'infinity'
     and m.message_no not in (select unnest($3::bigint[]))
left join taskhub.instances i on i.partition_id = m.partition_id and i.instance_id = m.instance_id
order by m.partition_id, m.instance_id, m.message_no
