-- Ends the session that holds a partition's pen, if it is the one that `partitions` names and one of ours (protocol O5).
-- Never while it waits for synchronous replication: ending that wait would publish a commit that is not replicated; what
-- another role's session waits for is not shown to us, so such sessions are left alone.
-- Parameters: partition id, class of the PEN lock. Tables: reads partitions.
select pg_catalog.pg_terminate_backend(a.pid)
from taskhub.partitions p
join pg_catalog.pg_locks l on l.objid::bigint = p.partition_id and l.pid = p.pen_pid
join pg_catalog.pg_stat_activity a on a.pid = l.pid and a.backend_start = p.pen_started
where p.partition_id = $1::int
  and l.locktype = 'advisory' and l.classid::bigint = $2::int and l.objsubid = 2
  and l.granted and l.mode = 'ExclusiveLock'
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and a.usename = current_user
  and a.wait_event is distinct from 'SyncRep'
