-- Activities whose name is bound to a function of the database. name_key is the name in lower case: names compare without
-- regard to case. The function is kept by name and not by number, so that a restored dump, or a function that was dropped
-- and made again, is still the same.
create table taskhub.sql_activities (
    hub_id        int not null,
    name_key      text collate "C" not null,
    name          text collate "C" not null,
    schema_name   text not null,
    function_name text not null,
    argument      text not null check (argument in ('none', 'text', 'json', 'jsonb')),
    result        text not null check (result in ('void', 'text', 'json', 'value')),
    created_by    text not null,
    created_at    timestamptz not null,
    primary key (hub_id, name_key)
);
