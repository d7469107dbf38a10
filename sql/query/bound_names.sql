-- Names of a hub's SQL activities, each with the print of them all, as owners_watch has it. Parameter: hub id.
select name, pg_catalog.hashtext(pg_catalog.string_agg(name, E'\n') over (
                 order by name_key collate "C" rows between unbounded preceding and unbounded following))
from taskhub.sql_activities where hub_id = $1::int order by name_key
