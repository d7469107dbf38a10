"""What tests of SQL activities start from: a ledger, functions that write to it, and what must be in it."""

SCHEMA = """
create schema app;
create table app.ledger (entry bigint generated always as identity, who text not null, n int not null);
create table app.tries (at timestamptz not null default clock_timestamp());
create sequence app.calls;

create function app.post(p jsonb) returns int language plpgsql as $$
begin
    insert into app.ledger (who, n) values (p ->> 'who', (p ->> 'n')::int);
    return 1;
end $$;

-- Writes first, so that a test sees whether what it wrote is gone.
create function app.refuse(p jsonb) returns void language plpgsql as $$
begin
    perform nextval('app.calls');
    insert into app.ledger (who, n) values ('refused', 0);
    raise exception 'not % today', p ->> 'what' using errcode = 'AP001', detail = 'there is none', hint = 'come tomorrow';
end $$;
"""


def given_ledger(service):
    """The schema, and the functions bound, in a database that the service has migrated."""
    if not service.sql("select 1 from pg_namespace where nspname = 'app'"):
        service.sql(SCHEMA)
    for name, function in (("Post", "app.post(jsonb)"), ("Refuse", "app.refuse(jsonb)")):
        bind(service, name, function)


def bind(service, name, function):
    """Running processes are told at once."""
    service.sql("select taskhub.create_activity(%s, %s, %s, true) from set_config('taskhub.notify', 'on', true)",
                [name, function, service.hub])


def each_is_posted_once(service, who, n):
    rows = service.sql("select n, count(*) from app.ledger where who = %s group by 1 order by 1", [who])
    assert rows == [(i, 1) for i in range(n)], f"{who}: {[r for r in rows if r[1] != 1][:5]}, {len(rows)} of {n}"
