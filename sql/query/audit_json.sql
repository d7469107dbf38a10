-- What taskhub.audit_view has of a hub, as the HTTP API shows it: a JSON array, the latest act first, at most 1,000.
-- Parameter: the hub's name.
select coalesce(json_agg(json_build_object(
           'time', to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'act', a.act,
           'instanceId', a.instance_id, 'arguments', a.arguments, 'user', a.db_user, 'key', a.key_name,
           'client', a.client) order by a.at desc, a.audit_id desc), '[]')::text
from (select v.* from taskhub.audit v
      where v.hub_id = (select h.hub_id from taskhub.hubs h where h.name = $1)
      order by v.at desc, v.audit_id desc limit 1000) a
