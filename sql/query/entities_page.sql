-- entities_page($1 first partition, $2 last partition, $3 after this id, $4 from this id, $5 below this id,
--               $6 operated from or null, $7 operated to or null, $8 page size, $9 with states, $10 also without a state)
--
-- A page of a hub's entities by id, with who holds each. One row more than the page
-- says that another page follows. With states a page ends early, but never empty, once they are over 2 MB together.
-- Tables: reads instances.
with page as (
    select i.*
    from generate_series($1::int, $2::int) p(partition_id)
    cross join lateral (
        select o.* from taskhub.instances o
        where o.partition_id = p.partition_id and o.instance_id > $3::text
          and o.instance_id >= $4::text and o.instance_id < $5::text
          and o.is_entity and (o.state is not null or $10::boolean)
          and ($6::timestamptz is null or o.last_operation_at >= $6::timestamptz)
          and ($7::timestamptz is null or o.last_operation_at <= $7::timestamptz)
        order by o.instance_id limit $8::int + 1) i
    order by i.instance_id limit $8::int + 1
),
measured as (
    select page.*,
           sum(case when $9::boolean then octet_length(state)::bigint else 0 end)
               over (order by instance_id rows between unbounded preceding and 1 preceding) as before
    from page
)
select m.instance_id, m.last_operation_at, case when $9::boolean then m.state end, coalesce(m.before, 0) < 2097152 as fits,
       m.lock_holder::json ->> 'instanceId'
from measured m
order by m.instance_id
