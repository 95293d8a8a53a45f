-- Commits offsets of one group, and answers an error code for each partition.
--
-- Each offset row is locked and owner and epoch are compared in it: 110 when another member, or nobody, owns the
-- partition now, 113 when the same member took it over anew. A member id of null is no member: it may commit while the
-- group has none (rule H53), else 25. Without `may_go_back` a smaller offset than the stored one changes nothing.
create function postlog.commit_offsets_v1(
  in_group_id text,
  in_member_id text,
  partition_ids integer[],
  owner_epochs integer[],
  offsets bigint[],
  leader_epochs integer[],
  metadata text[],
  may_go_back boolean[]
) returns table (partition_id integer, error_code integer)
language plpgsql volatile as $$
declare
  stored record;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'commit_offsets_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  for i in 1 .. cardinality(partition_ids) loop
    if i > 1 and partition_ids[i] <= partition_ids[i - 1] then
      raise exception 'partition ids must ascend' using errcode = 'PL001';
    end if;
    partition_id := partition_ids[i];
    error_code := 0;

    if in_member_id is null then
      if exists (select from postlog.group_member m where m.group_id = in_group_id) then
        error_code := 25;
      elsif not exists (select from postlog.replica r where r.partition_id = partition_ids[i]) then
        error_code := 3;
      else
        insert into postlog.consumer_group (group_id, version, group_epoch, assignment_epoch, metadata_version)
        values (in_group_id, 1, 0, 0, 0) on conflict (group_id) do nothing;
        insert into postlog.committed_offset (group_id, partition_id) values (in_group_id, partition_ids[i])
        on conflict on constraint committed_offset_pkey do nothing;
      end if;
    end if;

    if error_code = 0 then
      select c.owner_member_id, c.owner_epoch, c.committed_offset into stored
        from postlog.committed_offset c
       where c.group_id = in_group_id and c.partition_id = partition_ids[i]
         for no key update;
      if not found or stored.owner_member_id is distinct from in_member_id then
        error_code := 110;
      elsif in_member_id is not null and stored.owner_epoch <> owner_epochs[i] then
        error_code := 113;
      elsif stored.committed_offset is null or offsets[i] > stored.committed_offset or may_go_back[i] then
        update postlog.committed_offset c
           set committed_offset = offsets[i], leader_epoch = leader_epochs[i], metadata = commit_offsets_v1.metadata[i],
               committed_at = clock_timestamp()
         where c.group_id = in_group_id and c.partition_id = partition_ids[i];
      end if;
    end if;
    return next;
  end loop;
end
$$;
