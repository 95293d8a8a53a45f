-- Makes empty replicas of a topic's partitions on this broker, with their segment chains.
--
-- `partitions_per_chain` partitions share a chain of segment tables, which bounds tables and locks: a topic of 3000
-- partitions needs some dozens of tables, not thousands. Partitions that are added later begin a chain of their own.
-- With `in_leader_id` they are led by that broker from epoch 0 on; without, they follow nobody until a role is applied.
create function postlog.create_replicas_v1(
  in_topic_id uuid,
  in_partition_ids integer[],
  in_leader_id integer,
  partitions_per_chain integer
) returns void
language plpgsql as $$
declare
  new_chain_id integer;
  new_segment_id integer;
  first integer := 1;
begin
  while first <= cardinality(in_partition_ids) loop
    insert into postlog.segment_chain (topic_id) values (in_topic_id) returning chain_id into new_chain_id;
    new_segment_id := postlog.create_segment_v1(new_chain_id, 'open');

    with created as (
      insert into postlog.replica (partition_id, topic_id, role, leader_id, leader_epoch, partition_epoch, replicas, isr,
                                   chain_id, active_segment_id)
      select p.partition_id, in_topic_id, case when in_leader_id is null then 'follower' else 'leader' end, in_leader_id,
             case when in_leader_id is null then -1 else 0 end, case when in_leader_id is null then -1 else 0 end,
             array_remove(array[in_leader_id], null), array_remove(array[in_leader_id], null), new_chain_id, new_segment_id
        from unnest(in_partition_ids[first : first + partitions_per_chain - 1]) p(partition_id)
      returning partition_id
    ), epochs as (
      insert into postlog.leader_epoch (partition_id, leader_epoch, start_offset)
      select c.partition_id, 0, 0 from created c where in_leader_id is not null
    ), marks as (
      insert into postlog.watermark_checkpoint (partition_id, high_watermark) select c.partition_id, 0 from created c
    )
    insert into postlog.replica_segment (partition_id, base_offset, segment_id)
    select c.partition_id, 0, new_segment_id from created c;

    first := first + partitions_per_chain;
  end loop;
end
$$;
