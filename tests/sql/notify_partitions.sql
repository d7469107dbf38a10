-- taskhub.notify_partitions: wakes owners only if the setting asks for it.
begin;
\ir helpers/taskhub_test.sql
select plan(5);
select taskhub_test.given_session('listener');
select dblink_exec('listener', 'listen taskhub_2000000007');

create function pg_temp.heard(p_setting text) returns int language plpgsql as $$
begin
    perform dblink_exec('listener', format('set taskhub.notify = %L', p_setting));
    perform * from dblink('listener', 'select taskhub.notify_partitions(2000000006, 2000000007)::text') t(x text);
    return (select count(*) from dblink_get_notify('listener'));
end
$$;
select is((select count(*)::int from dblink('listener', 'select taskhub.notify_partitions(2000000007)::text') t(x text), dblink_get_notify('listener')),
    0, 'without the setting nobody is notified');
select is(pg_temp.heard('off'), 0, 'off is off');
select is(pg_temp.heard('on'), 1, 'on is on');
select is(pg_temp.heard('1'), 1, 'so is 1');
select is(pg_temp.heard('TRUE'), 1, 'and true');
select dblink_disconnect('listener');

select * from finish();
rollback;
