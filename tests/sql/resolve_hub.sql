-- taskhub.resolve_hub: by name, by setting, the only one.
begin;
\ir helpers/taskhub_test.sql
select plan(9);
delete from taskhub.hubs;

select throws_ok($$ select taskhub.resolve_hub() $$, 'TH006',
    'hub: must be given, by argument or by the setting taskhub.hub, as there are 0 hubs', 'no hub: it says so');
select taskhub.create_hub('One');
select is((taskhub.resolve_hub()).name, 'One', 'the only hub is the default');
select taskhub.create_hub('Two');
select throws_ok($$ select taskhub.resolve_hub() $$, 'TH006',
    'hub: must be given, by argument or by the setting taskhub.hub, as there are 2 hubs', 'of two hubs none is');
select is((taskhub.resolve_hub('two')).name, 'Two', 'a name is found in any case');
select throws_ok($$ select taskhub.resolve_hub('Three') $$, 'TH006', 'hub: there is no hub "Three"',
    'an unknown hub is refused by name');
select set_config('taskhub.hub', 'Two', true);
select is((taskhub.resolve_hub()).name, 'Two', 'the setting taskhub.hub is the default');
select is((taskhub.resolve_hub('One')).name, 'One', 'an argument goes before the setting');
select set_config('taskhub.hub', '', true);
select throws_ok($$ select taskhub.resolve_hub() $$, 'TH006', null, 'an empty setting is none');

select taskhub.create_hub('Default');
select is((taskhub.resolve_hub()).name, 'Default', 'of several hubs, the one called default');

select * from finish();
rollback;
