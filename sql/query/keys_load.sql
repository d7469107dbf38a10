-- keys_load()
--
-- All that a front end needs to judge keys: of each hub its secret, then the hashes of the keys that are let in.
-- Tables: reads hubs, hub_secrets, keys.
select h.hub_id, h.name, 'hub' as kind, encode(s.secret, 'hex') as value
from taskhub.hubs h join taskhub.hub_secrets s using (hub_id)
union all
select k.hub_id, k.name, k.kind, encode(k.hash, 'hex')
from taskhub.keys k
where k.revoked_at is null
