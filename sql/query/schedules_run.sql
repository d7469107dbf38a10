-- Starts what is due of a hub's schedules, and says when to come again. Parameter: the hub's name. Columns: how many
-- schedules were due, how many instances were started, how many partitions have something new and which, what failed,
-- and microseconds until the next is due (null: none will be).
select r.handled, cardinality(r.started), cardinality(r.partitions), array_to_string(r.partitions, ' '),
       nullif(array_to_string(r.problems, '; '), ''),
       ceil(extract(epoch from r.next_at - clock_timestamp()) * 1000000)::bigint
from taskhub.run_schedules($1) r
