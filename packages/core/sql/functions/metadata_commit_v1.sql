-- Makes all changes of metadata, or none; answers the store's revision, or null when a comparison failed.
--
-- Arrays run in parallel, a key at most once; an expected revision of 0 means that there must be no such entry. An action is
-- `put`, `delete` or `compare`. The lock on the store's revision comes first, so that every later statement sees all earlier
-- commits. The fence's row is locked too: its lease cannot change hands until this commit is done.
create function postlog.metadata_commit_v1(
  in_keys text[],
  expected_revisions bigint[],
  actions text[],
  new_values text[],
  fence_name text,
  fence_epoch bigint
) returns bigint
language plpgsql volatile as $$
declare
  store_revision bigint;
  deleted integer;
  written integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'metadata_commit_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  select r.revision into strict store_revision from postlog.metadata_revision r for no key update;

  if fence_name is not null then
    perform from postlog.lease l where l.name = fence_name and l.lease_epoch = fence_epoch for share;
    if not found then
      return null;
    end if;
  end if;

  perform from unnest(in_keys, expected_revisions) as c (key, expected)
     left join postlog.metadata_entry e on e.key = c.key
    where coalesce(e.revision, 0) <> c.expected;
  if found then
    return null;
  end if;

  delete from postlog.metadata_entry e
   using unnest(in_keys, actions) as c (key, action)
   where e.key = c.key and c.action = 'delete';
  get diagnostics deleted = row_count;

  insert into postlog.metadata_entry (key, value, revision)
  select c.key, c.value, store_revision + 1
    from unnest(in_keys, actions, new_values) as c (key, action, value)
   where c.action = 'put'
  on conflict (key) do update set value = excluded.value, revision = excluded.revision;
  get diagnostics written = row_count;

  if deleted + written > 0 then
    store_revision := store_revision + 1;
    update postlog.metadata_revision set revision = store_revision;
  end if;
  return store_revision;
end
$$;
