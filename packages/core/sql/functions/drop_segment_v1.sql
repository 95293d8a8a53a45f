-- Drops the table (and its functions) of a segment that left the map a while ago, and forgets the segment. Answers whether it did.
create function postlog.drop_segment_v1(in_segment_id integer, unmapped_for interval) returns boolean
language plpgsql volatile as $$
begin
  perform set_config('lock_timeout', '50ms', true);
  delete from postlog.segment
   where segment_id = in_segment_id and state = 'dropped' and changed_at <= clock_timestamp() - unmapped_for;
  if not found then
    return false;
  end if;
  execute format('drop table if exists postlog.segment_%s', in_segment_id);
  execute format('drop function if exists postlog.append_to_segment_%s', in_segment_id);
  execute format('drop function if exists postlog.follow_in_segment_%s', in_segment_id);
  execute format('drop function if exists postlog.log_ends_in_segment_%s', in_segment_id);
  execute format('drop function if exists postlog.log_end_in_segment_%s', in_segment_id);
  execute format('drop function if exists postlog.read_in_segment_%s', in_segment_id);
  return true;
end
$$;
