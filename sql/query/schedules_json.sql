-- A hub's schedules as the HTTP API shows them. Parameters: the hub's name, the schedule's name (null: all). Columns: a
-- JSON object, and whether the schedule was never changed.
select json_build_object(
           'name', s.name, 'expression', s.expression, 'timeZone', s.time_zone, 'orchestrator', s.orchestrator,
           'input', s.input::json, 'overlap', s.overlap, 'missed', s.missed, 'missedLimit', s.missed_limit,
           'enabled', s.enabled,
           'nextTime', to_char(s.next_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           'lastTime', to_char(s.last_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           'lastInstanceId', s.last_instance_id, 'lastStatus', s.last_status, 'problem', s.problem,
           'createdTime', to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           'lastUpdatedTime', to_char(s.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text,
       s.created_at = s.updated_at
from taskhub.schedules_view s
where s.hub = $1 and ($2::text is null or s.name = $2)
order by s.name
