-- Why this broker does not coordinate the groups of a partition of __consumer_offsets: 16 when it does not lead it (under that epoch, if one is named), 14 while the log is
-- not read into the tables yet, 15 while too few replicas are in sync; 0 when it does.
create function postlog.group_log_refusal_v1(in_partition_id integer, in_leader_epoch integer) returns integer
language sql stable as $$
  select coalesce((
    select case
             when r.role <> 'leader' or b.lead_until <= clock_timestamp() or r.leader_epoch <> coalesce(in_leader_epoch, r.leader_epoch) then 16
             when not exists (select from postlog.group_log_load l
                               where l.partition_id = r.partition_id and l.leader_epoch = r.leader_epoch) then 14
             when cardinality(r.isr) < r.min_isr then 15
             else 0
           end
      from postlog.replica r
     cross join postlog.broker b
     where r.partition_id = in_partition_id), 16)
$$;
