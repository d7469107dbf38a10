-- A hub as the HTTP API shows it to operators: a JSON object. Parameter: its name.
select json_build_object(
           'name', h.name, 'partitions', h.partition_count,
           'owned', (select count(*) from taskhub.partitions_view p where p.hub = h.name and p.held),
           'pausedTime', taskhub.utc_text(h.paused_at), 'pausedBy', h.paused_by, 'pauseReason', h.pause_reason,
           'createdTime', taskhub.utc_text(h.created_at))::text
from taskhub.hubs h where h.name = $1
