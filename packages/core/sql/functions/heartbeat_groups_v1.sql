-- Renews the sessions of many members, of any groups, and answers the places (from 1) of those that have something to look
-- at: the member is not known, its group changed since `seen_versions`, topics changed since `seen_metadata_versions`, or
-- somebody in its group is silent or late. When all is quiet the answer is empty.
--
-- Liveness may be lost in a crash, so this commit does not wait for the disk.
create function postlog.heartbeat_groups_v1(
  group_ids text[],
  member_ids text[],
  session_timeouts_ms integer[],
  seen_versions bigint[],
  seen_metadata_versions bigint[]
) returns setof integer
language plpgsql volatile as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'heartbeat_groups_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  perform set_config('synchronous_commit', 'off', true);
  return query
    with reported as (
      select b.*
        from unnest(group_ids, member_ids, session_timeouts_ms, seen_versions, seen_metadata_versions) with ordinality
             b(group_id, member_id, session_timeout_ms, version, metadata_version, place)
    ), alive as (
      update postlog.group_liveness l
         set expires_at = clock_timestamp() + b.session_timeout_ms * interval '1 ms'
        from reported b
       where l.group_id = b.group_id and l.member_id = b.member_id
      returning l.group_id, l.member_id
    ), quiet as (
      select g.group_id, g.version
        from postlog.group_state g
       where g.group_id = any (group_ids)
         and (g.revoke_by is null or g.revoke_by > clock_timestamp())
         and (g.offsets_partition_id is null
              or postlog.group_log_refusal_v1(g.offsets_partition_id, null) = 0)
         -- As the sessions were before this call: its own members do not count.
         and not exists (select from postlog.group_liveness o
                          where o.group_id = g.group_id and o.expires_at <= clock_timestamp()
                            and not exists (select from alive a where a.group_id = o.group_id and a.member_id = o.member_id))
    )
    select b.place::integer
      from reported b
      left join alive a on a.group_id = b.group_id and a.member_id = b.member_id
      left join quiet q on q.group_id = b.group_id
     cross join postlog.metadata_version v
     where a.member_id is null
        or q.version is distinct from b.version
        or v.version <> b.metadata_version;
end
$$;
