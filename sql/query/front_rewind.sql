-- front_rewind($1 partitions, $2 ids, $3 kinds, $4 names, $5 payloads, $6 message ids)
--
-- Rewinds failed instances (protocol, 8): the row is Pending again, without output and failure, and a
-- message (kind 30) tells the owner. A terminal row is nobody's, so this may change it; rows are locked in
-- the order of keys, and only those that a plain read finds Failed (protocol F1). Statuses: 3 is Failed, 6
-- is Pending.
--
-- Rows: of each instance that exists, the position, its status, and whether it was rewound. Of several
-- requests for one instance the first is carried out.
-- Tables: reads, writes instances, writes inbox.
with found as materialized (
    select t.*, i.start_id, i.status,
           row_number() over (partition by t.partition_id, t.instance_id order by t.position) as turn
    from unnest($1::int[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[])
         with ordinality as t(partition_id, instance_id, kind, name, payload, message_id, position)
    cross join lateral (
        select o.start_id, o.status from taskhub.instances o
        where o.partition_id = t.partition_id and o.instance_id = t.instance_id limit 1) i
),
locked as materialized (
    select o.partition_id, o.instance_id, o.start_id
    from taskhub.instances o
    join found f on f.partition_id = o.partition_id and f.instance_id = o.instance_id
         and f.start_id = o.start_id
    where f.turn = 1 and f.status = 3 and o.status = 3
    order by o.partition_id, o.instance_id
    for update of o
),
rewound as (
    update taskhub.instances o
    set status = 6, output = null, failure = null, completed_at = null, updated_at = now()
    from locked l
    where o.partition_id = l.partition_id and o.instance_id = l.instance_id and o.start_id = l.start_id
      and o.status = 3
    returning o.partition_id, o.instance_id
),
told as (
    insert into taskhub.inbox (partition_id, instance_id, start_id, kind, message_id, payload)
    select f.partition_id, f.instance_id, f.start_id, f.kind, f.message_id, f.payload
    from found f join rewound using (partition_id, instance_id)
    where f.turn = 1 order by f.position
)
select f.position::int,
       case when f.status = 3 and (r.instance_id is null or f.turn > 1) then 6::smallint else f.status end,
       r.instance_id is not null and f.turn = 1
from found f left join rewound r using (partition_id, instance_id)
