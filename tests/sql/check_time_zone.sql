-- taskhub.check_time_zone: names of the zone data, and nothing that only looks like one.
begin;
\ir helpers/taskhub_test.sql
select plan(13);

select is(taskhub.check_time_zone(given), wanted, given) from (values
    ('UTC', 'UTC'), ('utc', 'UTC'), ('Etc/UTC', 'Etc/UTC'), ('GMT', 'GMT'), ('europe/BERLIN', 'Europe/Berlin'),
    ('America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires')) c(given, wanted);
select throws_ok(format('select taskhub.check_time_zone(%L)', given), 'TH006', message, given) from (values
    ('', 'time_zone: there is no time zone ""'), ('UTC+3', 'time_zone: there is no time zone "UTC+3"'),
    ('+03', 'time_zone: there is no time zone "+03"'), ('localtime', 'time_zone: there is no time zone "localtime"'),
    ('CET', 'time_zone: "CET" is an abbreviation'), ('edt', 'time_zone: "edt" is an abbreviation')) c(given, message);
select throws_ok('select taskhub.check_time_zone(null)', 'TH006', null, 'null is no zone');

select * from finish();
rollback;
