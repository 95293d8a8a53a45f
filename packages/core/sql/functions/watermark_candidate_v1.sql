-- The offset below which every replica that counts holds every record, or null while that is not known; the caller never moves back.
--
-- Counted are the leader, the maximal ISR (rule B12), and followers that are caught up by time although not in it, so that they can
-- ever join (rule B13). Null while the ISR is below its minimum (rule B14), and while a member was never heard of.
-- `src/replication/high-watermark.ts` is this function's twin: one table of cases tests both.
create function postlog.watermark_candidate_v1(
  in_partition_id integer, in_leader_id integer, in_leader_epoch integer, log_end bigint,
  replicas integer[], isr integer[], pending_isr integer[], min_isr integer
) returns bigint
language plpgsql stable
set plan_cache_mode = force_generic_plan
as $$
begin
  return case
           when cardinality(isr) < min_isr then null
           when exists (select from unnest(isr || coalesce(pending_isr, '{}')) m(broker_id)
                         where m.broker_id <> in_leader_id
                           and not exists (select from postlog.follower_states_v1(in_partition_id, in_leader_epoch, array[m.broker_id]) f
                                            where f.log_end_offset is not null)) then null
           else least(log_end, (
             select min(f.log_end_offset)
               from postlog.follower_states_v1(in_partition_id, in_leader_epoch, array_remove(replicas, in_leader_id)) f
              where f.broker_id = any (isr || coalesce(pending_isr, '{}'))
                 or f.log_end_offset is not null and f.caught_up_at > clock_timestamp() - (
                      select b.replica_lag_time_max_ms * interval '1 ms' from postlog.broker b)))
         end;
end
$$;
