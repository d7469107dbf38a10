-- front_settings($1 lock timeout)
--
-- Second statement of a transaction of the front: nobody's open transaction holds it up for longer
-- (protocol F1), and its commit is durable whatever the role's defaults say (protocol S1).
select set_config('lock_timeout', $1::text, true),
       set_config('synchronous_commit',
           case when current_setting('synchronous_commit') in ('off', 'local') then 'on'
                else current_setting('synchronous_commit') end, true)
