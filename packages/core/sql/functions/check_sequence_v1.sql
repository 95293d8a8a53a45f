-- Decides what a batch of an idempotent producer is, given the producer's last batches (rules E38 and E39).
--
-- error_code 0 with a base offset: a repeat of a stored batch, answered with its offset. 0 without: append it, under
-- next_sequence. 45: out of order. 46: a repeat from before the window. 47: a newer epoch of this producer exists.
-- Wire sequences wrap from 2^31 - 1 to 0; stored ones count on. `src/log/producer-state.ts` is this function's twin:
-- one table of cases tests both.
create function postlog.check_sequence_v1(
  in_partition_id integer,
  in_producer_id bigint,
  in_producer_epoch integer,
  in_base_sequence integer,
  in_record_count integer,
  active_segment_id integer,
  out error_code integer,
  out repeated_base_offset bigint,
  out next_sequence bigint
)
language plpgsql as $$
declare
  b record;
  seen integer := 0;
  last_epoch integer;
begin
  error_code := 0;
  next_sequence := in_base_sequence;
  for b in select * from postlog.producer_batches_v1(in_partition_id, in_producer_id, active_segment_id) limit 5 loop
    seen := seen + 1;
    if seen = 1 then
      last_epoch := b.producer_epoch;
      if in_producer_epoch < last_epoch then
        error_code := 47;
        return;
      elsif in_producer_epoch > last_epoch then
        error_code := case when in_base_sequence = 0 then 0 else 45 end;
        return;
      end if;
      next_sequence := b.base_sequence + b.record_count;
      if (next_sequence & 2147483647) = in_base_sequence then
        return;
      end if;
    end if;
    exit when b.producer_epoch <> last_epoch;
    if (b.base_sequence & 2147483647) = in_base_sequence and b.record_count = in_record_count then
      repeated_base_offset := b.base_offset;
      return;
    end if;
  end loop;
  if seen > 0 then
    -- Behind by less than half the number space: an old repeat. Otherwise something is missing in between.
    error_code := case when ((next_sequence - in_base_sequence) & 2147483647) < 1073741824 then 46 else 45 end;
  end if;
end
$$;
