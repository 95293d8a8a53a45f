-- Everything that a decision about a group needs, under one snapshot, as one document: the group (or null), its members
-- and who of them is late, who owns which partition, and the partitions of all topics that they or `more_topics` name; of
-- all topics but that of groups themselves when a member, or the caller, subscribes by pattern.
--
-- Partitions that are gone are owned by nobody, whatever a row that outlived its topic says.
-- In a cluster `log` says whether this broker coordinates the group ({ error } when not), and where the group's log ends: what was read may be told once the high
-- watermark is there.
create function postlog.read_group_v1(
  in_group_id text, more_topics text[], has_pattern boolean, log_partition_id integer default null, log_leader_epoch integer default null
) returns json
language sql stable as $$
  select json_build_object(
    'metadataVersion', (select v.version::text from postlog.metadata_version v),
    'log', (
      select json_build_object('error', postlog.group_log_refusal_v1(log_partition_id, log_leader_epoch), 'logEnd', e.log_end_offset::text)
        from (select) one
        left join postlog.log_ends_v1(array[log_partition_id]) e on true
       where log_partition_id is not null
      union all
      -- A group that a cluster keeps is none of a broker's that is used as if it were alone.
      select json_build_object('error', 16)
        from postlog.group_state g
       where g.group_id = in_group_id and log_partition_id is null and g.offsets_partition_id is not null),
    'group', (
      select json_build_object('version', g.version::text, 'groupEpoch', g.group_epoch,
                               'assignmentEpoch', g.assignment_epoch, 'metadataVersion', g.metadata_version::text,
                               'createdEpoch', g.created_epoch)
        from postlog.group_state g
       where g.group_id = in_group_id),
    'members', (
      select coalesce(json_agg(json_build_object(
               'memberId', m.member_id, 'memberEpoch', m.member_epoch, 'previousEpoch', m.previous_epoch,
               'clientId', m.client_id, 'host', m.host, 'topics', m.topics, 'topicPattern', m.topic_pattern,
               'groupInstanceId', m.group_instance_id, 'assignor', m.assignor,
               'sessionTimeoutMs', m.session_timeout_ms, 'rebalanceTimeoutMs', m.rebalance_timeout_ms,
               'target', m.target_partitions,
               'isSilent', coalesce(l.expires_at <= clock_timestamp(), true),
               'isLate', coalesce(m.revoking_since + m.rebalance_timeout_ms * interval '1 ms' <= clock_timestamp(), false))
             order by m.member_id), '[]')
        from postlog.group_membership m
        left join postlog.group_liveness l using (group_id, member_id)
       where m.group_id = in_group_id),
    'owned', (
      select coalesce(json_agg(json_build_object(
               'partitionId', c.partition_id, 'topic', t.topic, 'partition', r.partition,
               'owner', c.owner_member_id, 'ownerEpoch', c.owner_epoch,
               'committedOffset', c.committed_offset::text, 'leaderEpoch', c.leader_epoch,
               'resetEpoch', greatest(g.created_epoch, c.reset_epoch))
             order by c.partition_id), '[]')
        from postlog.committed_offset c
        join postlog.group_state g using (group_id)
        join postlog.topic_partition r using (partition_id)
        join postlog.topic t using (topic_id)
       where c.group_id = in_group_id and c.owner_member_id is not null),
    'partitions', (
      select coalesce(json_agg(json_build_object('topic', t.topic, 'partition', r.partition, 'partitionId', r.partition_id)
             order by t.topic, r.partition), '[]')
        from postlog.topic t
        join postlog.topic_partition r using (topic_id)
       where t.topic in (select unnest(m.topics) from postlog.group_membership m where m.group_id = in_group_id)
          or t.topic = any (more_topics)
          or t.topic <> '__consumer_offsets' and (has_pattern
          or exists (select from postlog.group_membership m where m.group_id = in_group_id and m.topic_pattern is not null))))
$$;
