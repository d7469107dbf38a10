-- history_get($1 partition, $2 id)
--
-- The episodes of the instance's present execution in order. An instance without any gives one row of
-- nulls, an unknown one gives none.
-- Tables: reads instances, history.
select h.episode, h.first_seq, h.at, h.events
from taskhub.instances i
left join taskhub.history h using (partition_id, instance_id, execution_id)
where i.partition_id = $1::int and i.instance_id = $2::text
order by h.episode
