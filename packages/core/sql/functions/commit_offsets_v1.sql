-- Commits offsets of one group, and answers an error code for each partition.
--
-- Each offset row is locked and owner and epoch are compared in it: 113 when the same member took the partition over anew
-- since, 110 when it is another's or was given up, 25 when the group does not know the member and nobody else has taken the
-- partition. A member id of null is no member: it may commit while the group has none (rule H53), else 25. Without
-- `may_go_back` a smaller offset than the stored one changes nothing. 12: more metadata than Kafka takes.
-- `reset_epochs`: when the commit is made, in milliseconds; null where it follows a claim, whose position counts on (take_over_claim_v1).
-- In a cluster each offset comes with a batch of one record for the group's log, appended in the same transaction where the offset is written; 14 to 16 when
-- this broker does not coordinate the group. `log_end`: the commit may be confirmed once the high watermark is there.
create function postlog.commit_offsets_v1(
  in_group_id text,
  in_member_id text,
  partition_ids integer[],
  owner_epochs integer[],
  offsets bigint[],
  leader_epochs integer[],
  metadata text[],
  may_go_back boolean[],
  reset_epochs bigint[],
  log_partition_id integer default null,
  log_leader_epoch integer default null,
  log_sizes integer[] default null,
  log_batches bytea default null
) returns table (partition_id integer, error_code integer, log_end bigint)
language plpgsql volatile as $$
declare
  refusal integer := postlog.lock_group_log_v1(log_partition_id, log_leader_epoch);
  log_position integer := 1;
  stored record;
  is_known boolean;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'commit_offsets_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  if refusal = 0 and exists (select from postlog.group_state g
                              where g.group_id = in_group_id and g.offsets_partition_id is distinct from log_partition_id) then
    refusal := 16;
  end if;

  if in_member_id is null and refusal = 0 then
    -- Under this lock nobody joins and nobody deletes the group.
    loop
      insert into postlog.group_state (group_id, offsets_partition_id, version, group_epoch, assignment_epoch, metadata_version)
      values (in_group_id, log_partition_id, 1, 0, 0, 0) on conflict (group_id) do nothing;
      perform from postlog.group_state g where g.group_id = in_group_id for share;
      exit when found;
    end loop;
    is_known := not exists (select from postlog.group_membership m where m.group_id = in_group_id);
  end if;

  for i in 1 .. cardinality(partition_ids) loop
    if i > 1 and partition_ids[i] <= partition_ids[i - 1] then
      raise exception 'partition ids must ascend' using errcode = 'PL001';
    end if;
    partition_id := partition_ids[i];
    error_code := case when refusal <> 0 then refusal when octet_length(metadata[i]) > 4096 then 12 when not is_known then 25 else 0 end;

    if error_code = 0 and in_member_id is null
       and exists (select from postlog.topic_partition r where r.partition_id = partition_ids[i]) then
      insert into postlog.committed_offset (group_id, partition_id) values (in_group_id, partition_ids[i])
      on conflict on constraint committed_offset_pkey do nothing;
    end if;

    if error_code = 0 then
      select c.owner_member_id, c.owner_epoch, c.committed_offset into stored
        from postlog.committed_offset c
       where c.group_id = in_group_id and c.partition_id = partition_ids[i]
         for no key update;
      if found and stored.owner_member_id is not distinct from in_member_id
         and (in_member_id is null or stored.owner_epoch = owner_epochs[i]) then
        if stored.committed_offset is null or offsets[i] > stored.committed_offset or may_go_back[i] then
          update postlog.committed_offset c
             set committed_offset = offsets[i], leader_epoch = leader_epochs[i], metadata = commit_offsets_v1.metadata[i],
                 committed_at = clock_timestamp(),
                 reset_epoch = case when reset_epochs[i] is null then c.reset_epoch else greatest(c.reset_epoch + 1, reset_epochs[i]) end
           where c.group_id = in_group_id and c.partition_id = partition_ids[i];
          log_end := postlog.append_group_log_v1(log_partition_id, log_leader_epoch, substring(log_batches from log_position for log_sizes[i]));
        end if;
      else
        -- Refused already; the rest only says why.
        error_code := case
          when not exists (select from postlog.topic_partition r where r.partition_id = partition_ids[i]) then 3
          when stored.owner_member_id = in_member_id then 113
          when stored.owner_member_id is null
           and not exists (select from postlog.group_membership m where m.group_id = in_group_id and m.member_id = in_member_id) then 25
          else 110
        end;
      end if;
    end if;
    log_position := log_position + coalesce(log_sizes[i], 0);
    return next;
  end loop;
end
$$;
