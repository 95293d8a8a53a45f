-- The high watermark of a replicated partition as it was moved: the larger of its checkpoint and of what moved since.
create function postlog.stored_watermark_v1(in_partition_id integer) returns bigint
language plpgsql stable as $$
begin
  return greatest(
    (select c.high_watermark from postlog.watermark_checkpoint c where c.partition_id = in_partition_id),
    (select w.high_watermark from postlog.soft_watermark w
      where w.partition_id = in_partition_id order by w.high_watermark desc limit 1),
    0);
end
$$;
