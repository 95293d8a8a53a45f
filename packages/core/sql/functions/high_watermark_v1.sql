-- Below which offset a replica's records are on all in-sync replicas, as far as it knows: the log's end where the leader alone counts, at once; else
-- where followers moved the mark to.
create function postlog.high_watermark_v1(
  in_partition_id integer, in_role text, in_leader_epoch integer, log_end bigint, in_broker_id integer,
  replicas integer[], isr integer[], pending_isr integer[], min_isr integer
) returns bigint
language plpgsql stable as $$
begin
  if in_role = 'leader' and cardinality(replicas) <= 1 then
    return log_end;
  elsif in_role = 'leader' and isr = array[in_broker_id] and coalesce(pending_isr, isr) = isr then
    return greatest(postlog.stored_watermark_v1(in_partition_id), postlog.watermark_candidate_v1(
      in_partition_id, in_broker_id, in_leader_epoch, log_end, replicas, isr, pending_isr, min_isr));
  end if;
  return greatest(
    (select c.high_watermark from postlog.watermark_checkpoint c where c.partition_id = in_partition_id),
    (select w.high_watermark from postlog.soft_watermark w
      where w.partition_id = in_partition_id order by w.high_watermark desc limit 1),
    0);
end
$$;
