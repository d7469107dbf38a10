-- What taskhub.poisoned has of a hub, as the HTTP API shows it: a JSON array, at most 1,000. Parameter: the hub's name.
select coalesce(json_agg(json_build_object(
           'kind', p.kind, 'instanceId', p.instance_id, 'seq', p.seq, 'name', p.name, 'since', taskhub.utc_text(p.since),
           'crashes', p.crashes, 'reason', p.reason)), '[]')::text
from (select * from taskhub.poisoned where hub = $1 order by since, instance_id, seq limit 1000) p
