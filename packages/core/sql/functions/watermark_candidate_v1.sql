-- The offset below which every replica that counts holds every record, or null while that is not known; the caller never moves back.
--
-- Counted are the leader, the maximal ISR (rule B12), and followers that are caught up by time although not in it, so that they can
-- ever join (rule B13). Null while the ISR is below its minimum (rule B14), and while a member was never heard of. A follower's newest line
-- counts if it is of the present leader epoch, as in follower_states_v1.
-- `src/replication/high-watermark.ts` is this function's twin: one table of cases tests both.
create function postlog.watermark_candidate_v1(
  in_partition_id integer, in_leader_id integer, in_leader_epoch integer, log_end bigint,
  replicas integer[], isr integer[], pending_isr integer[], min_isr integer
) returns bigint
language plpgsql stable
set plan_cache_mode = force_generic_plan
as $$
declare
  members integer[] := isr || coalesce(pending_isr, '{}');
  counted record;
begin
  if cardinality(isr) < min_isr then
    return null;
  end if;
  select bool_or(m.broker_id = any (members) and f.log_end_offset is null) as misses_one,
         min(f.log_end_offset) filter (
           where m.broker_id = any (replicas)
             and (m.broker_id = any (members)
                  or f.caught_up_at > clock_timestamp() - l.lag
                  or f.log_end_offset >= f.leader_end_offset
                     and (select max(h.fetched_at) from postlog.follower_fetch h where h.broker_id = m.broker_id)
                         > clock_timestamp() - l.lag)) as lowest
    into counted
    from (select b.replica_lag_time_max_ms * interval '1 ms' as lag from postlog.broker b) l
   cross join (select unnest(replicas) as broker_id union select unnest(members)) m
    left join lateral (
      select p.leader_epoch, p.log_end_offset, p.leader_end_offset, p.caught_up_at from postlog.follower_progress p
       where p.partition_id = in_partition_id and p.broker_id = m.broker_id
       order by p.noted desc limit 1) f on f.leader_epoch = in_leader_epoch
   where m.broker_id <> in_leader_id;
  return case when counted.misses_one then null else least(log_end, counted.lowest) end;
end
$$;
