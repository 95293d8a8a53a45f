-- Everything that a decision about a group needs, under one snapshot, as one document: the group (or null), its members
-- and whether each is alive, who owns which partition, and the partitions of all topics that they or `more_topics` name.
create function postlog.read_group_v1(in_group_id text, more_topics text[]) returns json
language sql stable as $$
  select json_build_object(
    'metadataVersion', (select v.version::text from postlog.metadata_version v),
    'group', (
      select json_build_object('version', g.version::text, 'groupEpoch', g.group_epoch,
                               'assignmentEpoch', g.assignment_epoch, 'metadataVersion', g.metadata_version::text)
        from postlog.consumer_group g
       where g.group_id = in_group_id),
    'members', (
      select coalesce(json_agg(json_build_object(
               'memberId', m.member_id, 'memberEpoch', m.member_epoch, 'previousEpoch', m.previous_epoch,
               'clientId', m.client_id, 'host', m.host, 'topics', m.topics,
               'sessionTimeoutMs', m.session_timeout_ms, 'rebalanceTimeoutMs', m.rebalance_timeout_ms,
               'target', m.target_partitions,
               'isExpired', coalesce(l.expires_at <= clock_timestamp(), true),
               'revokingForMs', extract(epoch from clock_timestamp() - m.revoking_since) * 1000)
             order by m.member_id), '[]')
        from postlog.group_member m
        left join postlog.group_liveness l using (group_id, member_id)
       where m.group_id = in_group_id),
    'owned', (
      select coalesce(json_agg(json_build_object(
               'partitionId', c.partition_id, 'owner', c.owner_member_id, 'ownerEpoch', c.owner_epoch,
               'committedOffset', c.committed_offset::text)
             order by c.partition_id), '[]')
        from postlog.committed_offset c
       where c.group_id = in_group_id and c.owner_member_id is not null),
    'partitions', (
      select coalesce(json_agg(json_build_object('topic', t.topic, 'partition', r.partition, 'partitionId', r.partition_id)
             order by t.topic, r.partition), '[]')
        from postlog.topic t
        join postlog.replica r using (topic_id)
       where t.topic in (select unnest(m.topics) from postlog.group_member m where m.group_id = in_group_id)
          or t.topic = any (more_topics)))
$$;
