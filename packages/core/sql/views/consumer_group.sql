-- Consumer groups as an operator wants to see them. Members whose session is over count as gone, as they will be as soon as
-- anybody reports; the state follows from epochs and from what members own (rule I58).
create view postlog.consumer_group as
select g.group_id,
       case
         when m.alive = 0 then 'Empty'
         when g.group_epoch > g.assignment_epoch or m.silent > 0 then 'Assigning'
         when m.behind > 0 then 'Reconciling'
         else 'Stable'
       end as state,
       m.alive as members, g.group_epoch, g.assignment_epoch, m.assignor, g.changed_at
  from postlog.group_state g
 cross join lateral (
   select count(*) filter (where l.expires_at > clock_timestamp())::integer as alive,
          count(*) filter (where (l.expires_at > clock_timestamp()) is not true)::integer as silent,
          count(*) filter (where l.expires_at > clock_timestamp() and e.member_epoch <> -2
                             and (e.member_epoch <> g.assignment_epoch or not (o.owned @> e.target_partitions
                                                                               and o.owned <@ e.target_partitions)))::integer as behind,
          mode() within group (order by e.assignor) as assignor
     from postlog.group_membership e
     left join postlog.group_liveness l using (group_id, member_id)
    cross join lateral (
      select array(select c.partition_id
                     from postlog.committed_offset c
                     join postlog.topic_partition r using (partition_id)
                    where c.group_id = e.group_id and c.owner_member_id = e.member_id) as owned) o
    where e.group_id = g.group_id) m
 -- What a broker knows of groups that another one coordinates is old.
 where g.offsets_partition_id is null or postlog.group_log_refusal_v1(g.offsets_partition_id, null) = 0;
