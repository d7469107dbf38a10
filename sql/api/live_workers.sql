-- taskhub.live_workers(hub_id)
--
-- Inner. The worker processes of a hub that are alive: they hold their lock and have not been given up.
-- Errors: none. Tables: reads workers, locks.
create or replace function taskhub.live_workers(p_hub_id int)
returns setof taskhub.workers language sql stable as $$
    select w.* from taskhub.workers w
    join taskhub.locks_view l on l.class = 'worker' and l.id = w.worker_id
    where w.hub_id = p_hub_id and w.dead_at is null
$$;
comment on function taskhub.live_workers(int) is 'Inner: the worker processes of a hub that are alive.';
