-- Members of consumer groups: what each owns, and what it awaits from others. `member_epoch` is -2 while a static member is
-- away; a member whose session is over is gone as soon as anybody in its group reports.
create view postlog.group_member as
select m.group_id, m.member_id, m.group_instance_id, m.client_id, m.host, m.member_epoch,
       case
         when o.owned @> m.target_partitions and o.owned <@ m.target_partitions then 'Stable'
         when o.owned <@ m.target_partitions then 'UnreleasedPartitions'
         else 'UnrevokedPartitions'
       end as state,
       m.topics, m.topic_pattern, m.assignor, n.owned, n.awaited, m.joined_at, l.expires_at as session_expires_at
  from postlog.group_membership m
  left join postlog.group_liveness l using (group_id, member_id)
 cross join lateral (
   select array(select c.partition_id
                  from postlog.committed_offset c
                  join postlog.topic_partition r using (partition_id)
                 where c.group_id = m.group_id and c.owner_member_id = m.member_id) as owned) o
 cross join lateral (
   select coalesce(array_agg(t.topic || '-' || r.partition order by t.topic, r.partition)
            filter (where r.partition_id = any (o.owned)), '{}') as owned,
          coalesce(array_agg(t.topic || '-' || r.partition order by t.topic, r.partition)
            filter (where not r.partition_id = any (o.owned)), '{}') as awaited
     from postlog.topic_partition r
     join postlog.topic t using (topic_id)
    where r.partition_id = any (o.owned || m.target_partitions)) n;
