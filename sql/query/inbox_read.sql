-- What the owner may take now, of all its partitions, less what it has in hand: two ranges, so that neither starves the
-- other (protocol I2), each with the instance's row as it stands; of an entity's message, whether an earlier one is held. Of the instances that are left out only what starts, ends, suspends, resumes or rewinds them (kinds 3, 5, 21, 22, 30) is read,
-- and what has a due time. Arrays: partition ids, numbers in hand; then the limit a range, and the ids that are left out.
select m.partition_id, m.due, m.message_no, m.instance_id, m.start_id, m.execution_id, m.kind, m.name, m.ref,
       m.message_id, m.attempts, m.payload, m.body, m.sent_at,
       i.start_id, i.execution_id, i.status, i.name, i.version,
       case when m.kind = 3 and i.start_id = m.start_id then i.input end,
       i.tags, i.parent_instance_id, i.parent_execution_id, i.parent_ref, i.is_entity,
       case when m.kind in (5, 23, 24, 27, 29) and m.instance_id >= '@' and m.instance_id < 'A'
            then exists (select from taskhub.inbox h
                         where h.partition_id = m.partition_id and h.instance_id = m.instance_id and h.due = 'infinity'
                           and h.message_no < m.message_no)
            else false end,
       nullif(i.priority, 0)
from unnest($1::int[]) p(partition_id)
cross join lateral (
    (select * from taskhub.inbox a
     where a.partition_id = p.partition_id and a.due = '-infinity'
       and a.message_no not in (select unnest($2::bigint[]))
       and (a.instance_id <> all ($4::text[]) or a.kind in (3, 5, 21, 22, 30))
     order by a.message_no limit $3::int)
    union all
    (select * from taskhub.inbox b
     where b.partition_id = p.partition_id and b.due > '-infinity' and b.due <= now()
       and b.message_no not in (select unnest($2::bigint[]))
     order by b.due, b.message_no limit $3::int)
) m
left join taskhub.instances i on i.partition_id = m.partition_id and i.instance_id = m.instance_id
