-- taskhub.audit_view: what people did by hand, for administrators, in SQL, with the program, over HTTP and gRPC. What ordinary
-- clients do all the time (starts, events, signals) is not here.
create or replace view taskhub.audit_view as
select a.at, a.hub, a.act, a.instance_id, a.arguments, a.db_user, a.key_name, a.client, a.audit_id
from taskhub.audit a;
comment on view taskhub.audit_view is 'What people did by hand: when, in which hub, what, to which instance, who.';
