-- Where a leader epoch ends in a partition's log (rule C21): the largest known epoch at or below the one that is asked for, and
-- the first offset of the next, or `log_end` when there is none. Epoch -1 when nothing is known at or below.
create function postlog.end_of_epoch_v1(
  in_partition_id integer, in_epoch integer, log_end bigint, out known_epoch integer, out end_offset bigint
)
language sql stable as $$
  select coalesce((select max(e.leader_epoch) from postlog.leader_epoch e
                    where e.partition_id = in_partition_id and e.leader_epoch <= in_epoch), -1),
         coalesce((select e.start_offset from postlog.leader_epoch e
                    where e.partition_id = in_partition_id and e.leader_epoch > in_epoch
                    order by e.leader_epoch limit 1), log_end)
$$;
