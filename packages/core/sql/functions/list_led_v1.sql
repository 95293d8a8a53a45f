-- The replicated partitions that this broker leads, and how far their followers are, as one JSON document each.
--
-- After a crash of this server nothing is known of followers any more: members of the ISR count as caught up now, as they do when a leader begins. A mark that is
-- behind is moved where it can be: a follower that kept it back may be late by now.
create function postlog.list_led_v1() returns setof json
language plpgsql volatile as $$
declare
  me integer := (select b.broker_id from postlog.broker b);
  led integer[] := array(select r.partition_id from postlog.replica r
                          where r.role = 'leader' and cardinality(r.replicas) > 1 order by r.partition_id);
  behind record;
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into postlog.follower_progress (partition_id, broker_id, broker_epoch, leader_epoch, fetched_at, caught_up_at)
  select r.partition_id, b.broker_id, -1, r.leader_epoch, clock_timestamp(), clock_timestamp()
    from postlog.replica r, unnest(r.isr) b(broker_id)
   where r.partition_id = any (led) and b.broker_id <> me
     and not exists (select from postlog.follower_progress f
                      where f.partition_id = r.partition_id and f.broker_id = b.broker_id and f.leader_epoch = r.leader_epoch);
  for behind in
    select e.partition_id, e.log_end_offset from postlog.log_ends_v1(led) e
     where e.high_watermark < e.log_end_offset order by e.partition_id
  loop
    perform postlog.advance_watermark_v1(behind.partition_id, behind.log_end_offset);
  end loop;
  return query
    select json_build_object(
             'partitionId', r.partition_id, 'logStartOffset', e.log_start_offset::text, 'logEndOffset', e.log_end_offset::text,
             'highWatermark', e.high_watermark::text,
             'epochStartOffset', (select s.start_offset::text from postlog.leader_epoch s
                                   where s.partition_id = r.partition_id and s.leader_epoch = r.leader_epoch),
             'followers', (
               select coalesce(json_agg(json_build_object(
                        'brokerId', f.broker_id, 'brokerEpoch', f.broker_epoch, 'logEndOffset', coalesce(f.log_end_offset, -1)::text,
                        'caughtUpAgoMs', extract(epoch from clock_timestamp() - f.caught_up_at) * 1000)), '[]')
                 from postlog.follower_states_v1(r.partition_id, r.leader_epoch, r.replicas) f))
      from postlog.log_ends_v1(led) e
      join postlog.replica r using (partition_id)
     order by r.partition_id;
end
$$;
