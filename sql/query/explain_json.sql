-- Why an instance is not running, as the HTTP API shows it: a JSON array, a reason an element. Parameters: id, hub.
select coalesce(json_agg(json_build_object(
           'reason', e.reason, 'sentence', e.sentence,
           'since', to_char(e.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           'due', to_char(e.due at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           'subject', e.subject, 'workerId', e.worker_id, 'host', e.host, 'pid', e.pid, 'delivery', e.delivery)), '[]')::text
from taskhub.explain($1, $2) e
