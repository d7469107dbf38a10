-- front_audit($1 partitions, $2 acts, $3 ids, $4 reasons, $5 new ids, $6 keys)
--
-- What people did by hand to single instances, in the transaction that did it, as taskhub.note_act writes it down.
-- Tables: reads partitions, hubs; writes audit.
insert into taskhub.audit (at, hub_id, hub, act, instance_id, arguments, db_user, key_name, client)
select now(), h.hub_id, h.name, t.act, t.instance_id,
       jsonb_strip_nulls(jsonb_build_object('reason', t.reason, 'newInstanceId', t.new_id)),
       session_user, t.key_name, nullif(current_setting('application_name', true), '')
from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
     with ordinality as t(partition_id, act, instance_id, reason, new_id, key_name, position)
join taskhub.partitions p on p.partition_id = t.partition_id
join taskhub.hubs h on h.hub_id = p.hub_id
order by t.position
