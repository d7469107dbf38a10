-- instances_list($1 first partition, $2 last partition, $3 after this id, $4 from this id, $5 below this
--                id or null, $6 bits of statuses or 0, $7 created from or null, $8 created to or null,
--                $9 page size, $10 with payloads, $11 tags that they have, JSON, or null)
--
-- A page of a hub's instances by id: from each partition the first of them, in the order of the
-- primary key, then the first of all. One row more than the page says that another page follows. With
-- payloads a page ends early, but never empty, once its texts are over 16 MB together.
--
-- Never a prepared statement: planned with its values, the conditions that they make true fall away, and what is
-- left fits an index. Of finished instances completed_at is set (58: the bits of those statuses), of failed ones (8)
-- failure.
-- Tables: reads instances.
with page as (
    select i.*
    from generate_series($1::int, $2::int) p(partition_id)
    cross join lateral (
        select o.* from taskhub.instances o
        where o.partition_id = p.partition_id and o.instance_id > $3::text
          and o.instance_id >= $4::text and ($5::text is null or o.instance_id < $5::text)
          and ($6::int = 0 or (1 << o.status) & $6::int <> 0)
          and ($6::int & 58 <> 0 or $6::int = 0 or o.completed_at is null)
          and ($6::int <> 8 or o.failure is not null)
          and ($7::timestamptz is null or o.created_at >= $7::timestamptz)
          and ($8::timestamptz is null or o.created_at <= $8::timestamptz)
          and ($11::text is null
               or case when o.tags is null then false
                       when strpos(o.tags, '\u') > 0 then taskhub.tags_contain(o.tags, $11::text::jsonb)
                       else o.tags::jsonb @> $11::text::jsonb end)
        order by o.instance_id limit $9::int + 1) i
    order by i.instance_id limit $9::int + 1
),
measured as (
    select page.*,
           sum(case when $10::boolean then
                   coalesce(octet_length(input), 0)::bigint + coalesce(octet_length(output), 0)
                   + coalesce(octet_length(failure), 0) + coalesce(octet_length(custom_status), 0)
               else 0 end)
               over (order by instance_id rows between unbounded preceding and 1 preceding) as before
    from page
)
select instance_id, name, version, execution_id, status,
       case when $10::boolean then input end, case when $10::boolean then output end,
       case when $10::boolean then failure end, case when $10::boolean then custom_status end,
       tags, parent_instance_id, created_at, updated_at, completed_at, priority,
       coalesce(before, 0) < 16777216 as fits
from measured
order by instance_id
