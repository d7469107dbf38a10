-- instances_list($1 first partition, $2 last partition, $3 after this id, $4 from this id, $5 below this
--                id or null, $6 bits of statuses or 0, $7 created from or null, $8 created to or null,
--                $9 page size, $10 with payloads, $11 rows to look at in each partition, $12 name in any
--                case or null, $13 tags that they have, JSON, or null)
--
-- A page of a hub's instances by id: from each partition the first of them, in the order of the
-- primary key, then the first of all. One row more than the page says that another page follows. With
-- payloads a page ends early, but never empty, once its texts are over 16 MB together.
--
-- However few rows the filter lets through, no partition is looked at beyond $11 rows: the last column
-- is the first id at which one of them had to stop (null: none had), and the page ends there. It comes
-- in a row of nulls if the page is empty.
--
-- What it looks at is the first line of the statement, in place of which th_instances_list puts a narrower one where it knows
-- of an index that has what the filter asks for.
-- Tables: reads instances.
with source as not materialized (select * from taskhub.instances),
found as (
    select p.partition_id as place, i.*
    from generate_series($1::int, $2::int) p(partition_id)
    cross join lateral (
        select s.* from (
            select o.* from source o
            where o.partition_id = p.partition_id and o.instance_id > $3::text
              and o.instance_id >= $4::text and ($5::text is null or o.instance_id < $5::text)
            order by o.instance_id limit $11::int) s
        where ($6::int = 0 or (1 << s.status) & $6::int <> 0)
          and ($7::timestamptz is null or s.created_at >= $7::timestamptz)
          and ($8::timestamptz is null or s.created_at <= $8::timestamptz)
          and ($13::text is null
               or case when s.tags is null then false
                       when strpos(s.tags, '\u') > 0 then taskhub.tags_contain(s.tags, $13::text::jsonb)
                       else s.tags::jsonb @> $13::text::jsonb end)
          and ($12::text is null or lower(s.name collate "C") = lower($12::text collate "C"))
        order by s.instance_id limit $9::int + 1) i
),
horizon as (
    select min((select o.instance_id from source o
                where o.partition_id = p.partition_id and o.instance_id > $3::text
                  and o.instance_id >= $4::text and ($5::text is null or o.instance_id < $5::text)
                order by o.instance_id offset $11::int - 1 limit 1)) as id
    from generate_series($1::int, $2::int) p(partition_id)
    where (select count(*) from found where found.place = p.partition_id) <= $9::int
),
page as (
    select found.* from found, horizon
    where horizon.id is null or found.instance_id <= horizon.id
    order by found.instance_id limit $9::int + 1
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
       coalesce(before, 0) < 16777216 as fits, horizon.id
from horizon left join measured on true
order by instance_id
