-- Keeps composed batches until they are on a cluster's brokers, and moves the outbox's mark, both or neither; answers the batches' numbers, in order.
--
-- Locks the sequencer's lease row and compares its epoch in it; then the mark must be the one that the plan was made from. If either is not so, nothing happens and
-- the answer is null. Batches are one after another.
create function postlog.compose_outbox_v1(
  in_lease_epoch bigint,
  in_mark bigint,
  new_sequenced pg_snapshot,
  new_window pg_snapshot,
  new_done_transaction bigint,
  new_done_id bigint,
  partition_ids integer[],
  sizes integer[],
  batches bytea,
  sequence_partitions integer[],
  next_sequences bigint[]
) returns json
language plpgsql volatile
as $$
declare
  numbers json;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'compose_outbox_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;
  perform 1 from postlog.lease l where l.name = 'outbox-sequencer' and l.lease_epoch = in_lease_epoch for no key update;
  if not found or in_mark is distinct from (select o.mark from postlog.outbox_mark o order by o.mark desc limit 1) then
    return null;
  end if;

  with given as (
    select u.partition_id, u.place, substring(batches from (sum(u.size) over (order by u.place) - u.size + 1)::integer for u.size) as batch
      from unnest(partition_ids, sizes) with ordinality u(partition_id, size, place)
  ), kept as (
    insert into postlog.composed_batch (partition_id, batch)
    select g.partition_id, g.batch from given g order by g.place
    returning batch_number
  )
  select coalesce(json_agg(k.batch_number order by k.batch_number), '[]') into numbers from kept k;
  insert into postlog.outbox_sequence (partition_id, mark, next_sequence)
  select u.partition_id, in_mark + 1, u.next_sequence from unnest(sequence_partitions, next_sequences) u(partition_id, next_sequence);
  insert into postlog.outbox_mark (mark, sequenced, window_snapshot, done_transaction, done_id)
  values (in_mark + 1, new_sequenced, new_window, new_done_transaction, new_done_id);
  return numbers;
end
$$;
