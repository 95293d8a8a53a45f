-- How far the followers of a partition are, by the lines of the present leader epoch (rule B8). `log_end_offset` is null for one that was in
-- sync when this leader took over and was not heard of since. A follower that was at the leader's end with its last line, and changed
-- nothing since, was caught up whenever it fetched.
create function postlog.follower_states_v1(in_partition_id integer, in_leader_epoch integer, in_broker_ids integer[])
returns table (broker_id integer, broker_epoch integer, log_end_offset bigint, caught_up_at timestamptz)
language plpgsql stable
set plan_cache_mode = force_generic_plan
as $$
begin
  return query
    select b.broker_id, p.broker_epoch, p.log_end_offset,
           case when p.log_end_offset >= p.leader_end_offset
                then greatest(p.caught_up_at, (select max(f.fetched_at) from postlog.follower_fetch f where f.broker_id = b.broker_id))
                else p.caught_up_at end
      from unnest(in_broker_ids) b(broker_id)
     cross join lateral (
       select p.* from postlog.follower_progress p
        where p.partition_id = in_partition_id and p.broker_id = b.broker_id
        order by p.noted desc limit 1) p
     where p.leader_epoch = in_leader_epoch;
end
$$;
