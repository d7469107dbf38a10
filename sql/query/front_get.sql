-- front_get($1 partitions, $2 ids)
--
-- The rows of many instances for as many callers. Texts come only while those before them are under
-- 16 MB together, so that one answer stays within bounds; the others are asked for again (fits is false).
-- Tables: reads instances.
with found as (
    select t.position::int as position, i.*,
           sum(i.size) over (order by t.position rows unbounded preceding) - i.size < 16777216 as fits
    from unnest($1::int[], $2::text[]) with ordinality as t(partition_id, instance_id, position)
    cross join lateral (
        select o.*, coalesce(octet_length(o.input), 0)::bigint + coalesce(octet_length(o.output), 0)
                    + coalesce(octet_length(o.failure), 0) + coalesce(octet_length(o.custom_status), 0)
                    as size
        from taskhub.instances o
        where o.partition_id = t.partition_id and o.instance_id = t.instance_id limit 1) i
)
select position, fits, instance_id, name, version, execution_id, status,
       case when fits then input end, case when fits then output end, case when fits then failure end,
       case when fits then custom_status end, tags, parent_instance_id, created_at, updated_at,
       completed_at, priority
from found
