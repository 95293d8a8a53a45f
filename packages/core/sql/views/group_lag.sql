-- How far consumer groups are behind, partition by partition, as `kafka-consumer-groups --describe` shows it (rule K65). Until
-- a group commits in a partition all records there count. Name a group: each line costs a look at a log's end.
create view postlog.group_lag as
select c.group_id, t.topic, r.partition, c.committed_offset, e.log_start_offset, e.log_end_offset,
       greatest(e.log_end_offset - greatest(coalesce(c.committed_offset, e.log_start_offset), e.log_start_offset), 0) as lag,
       c.metadata, c.committed_at, c.owner_member_id as member_id, m.client_id, m.host
  from postlog.committed_offset c
  join postlog.topic_partition r using (partition_id)
  join postlog.topic t using (topic_id)
  left join postlog.group_membership m on m.group_id = c.group_id and m.member_id = c.owner_member_id
  -- In a cluster only logs that this broker has are known here.
  left join lateral postlog.log_ends_v1(array[c.partition_id]) e on true;
