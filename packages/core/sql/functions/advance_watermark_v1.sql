-- Moves a led partition's high watermark as far as its replicas allow; answers whether it moved, and where it is then.
--
-- Serialised by the partition's checkpoint row, so that of two followers that acknowledge at the same time the later one sees both.
create function postlog.advance_watermark_v1(
  in_partition_id integer, log_end bigint, out has_advanced boolean, out high_watermark bigint
)
language plpgsql volatile as $$
declare
  candidate bigint;
begin
  perform from postlog.watermark_checkpoint c where c.partition_id = in_partition_id for no key update;
  candidate := (
    select postlog.watermark_candidate_v1(r.partition_id, r.leader_id, r.leader_epoch, log_end,
                                          r.replicas, r.isr, r.pending_isr, r.min_isr)
      from postlog.replica r
     where r.partition_id = in_partition_id and r.role = 'leader');
  high_watermark := postlog.stored_watermark_v1(in_partition_id);
  has_advanced := coalesce(candidate > high_watermark, false);
  if has_advanced then
    insert into postlog.soft_watermark (partition_id, high_watermark) values (in_partition_id, candidate) on conflict do nothing;
    high_watermark := candidate;
  end if;
end
$$;
