-- Whether a worker of that hub has ever had that name, or one runs whatever there is. Hub id, kind, name in any case of letters.
select exists (select from taskhub.names where hub_id = $1::int and kind = $2::text and name = lower($3::text collate "C"))
    or exists (select from taskhub.workers w
               where w.hub_id = $1::int and w.dead_at is null
                 and '*' = any (case $2::text when 'orchestrator' then w.orchestrators when 'activity' then w.activities
                                else w.entities end))
