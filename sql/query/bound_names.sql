-- Names of a hub's SQL activities. Parameter: hub id.
select name from taskhub.sql_activities where hub_id = $1::int order by name_key
