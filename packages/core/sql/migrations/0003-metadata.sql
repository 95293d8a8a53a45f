-- The metadata store, where a Postgres database plays ZooKeeper's role: entries with revisions. Its leases are in postlog.lease.

-- JSON text by key; what it means is the cluster's business.
create table postlog.metadata_entry (
  key text collate "C" primary key,
  value text not null,
  -- The store's revision when this value was written. It rises over the whole store, so that an entry which was deleted and
  -- made again never has a revision that an earlier one had.
  revision bigint not null
) with (fillfactor = 70);

-- The revision of the store. The row is the lock that serialises commits: metadata is written rarely.
create table postlog.metadata_revision (
  only_row boolean primary key default true check (only_row),
  revision bigint not null
) with (fillfactor = 50);

insert into postlog.metadata_revision (revision) values (1);
