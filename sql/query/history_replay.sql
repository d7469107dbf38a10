-- Histories of the present executions of instances, for replay, in order of episodes. Arrays: partition, id.
select h.partition_id, h.instance_id, h.execution_id, h.episode, h.first_seq, h.at, h.events::text, h.memo
from unnest($1::int[], $2::text[]) u(p, id)
join taskhub.instances i on i.partition_id = u.p and i.instance_id = u.id
join taskhub.history h on h.partition_id = i.partition_id and h.instance_id = i.instance_id
     and h.execution_id = i.execution_id
order by h.partition_id, h.instance_id, h.episode
