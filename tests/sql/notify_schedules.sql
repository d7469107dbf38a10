-- taskhub.notify_schedules: tells processes only if the setting asks for it, as do those who call it.
begin;
\ir helpers/taskhub_test.sql
select plan(4);
select taskhub_test.given_session('listener');
select dblink_exec('listener', 'listen taskhub_s2000000007');

create function pg_temp.heard(p_setting text) returns int language plpgsql as $$
begin
    perform dblink_exec('listener', format('set taskhub.notify = %L', p_setting));
    perform * from dblink('listener', 'select taskhub.notify_schedules(2000000006)::text, taskhub.notify_schedules(2000000007)::text')
        t(x text, y text);
    return (select count(*) from dblink_get_notify('listener'));
end
$$;
select is(pg_temp.heard(''), 0, 'without the setting nobody is notified');
select is(pg_temp.heard('off'), 0, 'off is off');
select is(pg_temp.heard('on'), 1, 'on is on');
select is(pg_temp.heard('1'), 1, 'so is 1');
select dblink_disconnect('listener');

select * from finish();
rollback;
