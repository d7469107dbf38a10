-- Ids of a partition that have early events, held until an instance starts; none where the hub never kept any. Partition.
select distinct m.instance_id
from taskhub.inbox m
where m.partition_id = $1::int and m.due = 'infinity' and m.kind = 17 and m.start_id is null
  and exists (select from taskhub.partitions p join taskhub.hubs h on h.hub_id = p.hub_id
              where p.partition_id = $1::int and h.settings ? 'early_events')
