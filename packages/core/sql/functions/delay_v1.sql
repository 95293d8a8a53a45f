-- Keeps deliveries until they are due; answers when that is, and how far that is from now, for each, in the order given.
--
-- A delivery names either a time or a wait, in milliseconds; a time that has passed is now. Arrays of batches are those of all deliveries one
-- after another; batch_counts says how many belong to each. in_trace is what an earlier statement of a user's transaction left: without it nothing
-- is kept and nothing is answered. A call that is a transaction by itself waits for the disk (is_own), whatever the role's settings are.
create function postlog.delay_v1(
  in_trace text,
  is_own boolean,
  delivery_ids uuid[],
  due_times bigint[],
  delays bigint[],
  batch_counts integer[],
  in_partition_ids integer[],
  in_record_counts integer[],
  in_max_batch_bytes integer[],
  in_sizes integer[],
  in_batches bytea
) returns table (due_at text, due_in_ms text)
language plpgsql volatile
as $$
declare
  now_ms numeric;
  due bigint;
  first integer := 1;
  last integer;
  position integer := 1;
  bytes integer;
begin
  if in_trace is not null and current_setting('postlog.transaction', true) is distinct from in_trace then
    return;
  end if;
  if is_own and current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  for i in 1 .. cardinality(delivery_ids) loop
    last := first + batch_counts[i] - 1;
    bytes := (select coalesce(sum(s.size), 0) from unnest(in_sizes[first:last]) s(size));
    now_ms := extract(epoch from clock_timestamp()) * 1000;
    due := greatest(ceil(now_ms), coalesce(due_times[i], ceil(now_ms + delays[i])));
    insert into postlog.delayed (delivery_id, due_at, partition_ids, record_counts, max_batch_bytes, sizes, batches)
    values (delivery_ids[i], due, in_partition_ids[first:last], in_record_counts[first:last], in_max_batch_bytes[first:last],
            in_sizes[first:last], substring(in_batches from position for bytes));
    due_at := due::text;
    due_in_ms := (due - now_ms)::text;
    return next;
    first := last + 1;
    position := position + bytes;
  end loop;
end
$$;
