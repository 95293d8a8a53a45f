-- Makes the partitions of a topic from `first_partition` on, up to `partition_count`, with their segment chains.
--
-- `partitions_per_chain` partitions share a chain of segment tables, which bounds tables and locks: a topic of 3000
-- partitions needs some dozens of tables, not thousands. Partitions that are added later begin a chain of their own.
create function postlog.create_partitions_v1(
  in_topic_id uuid,
  first_partition integer,
  partition_count integer,
  in_broker_id integer,
  partitions_per_chain integer
) returns void
language plpgsql as $$
declare
  new_chain_id integer;
  new_segment_id integer;
  next_partition integer := first_partition;
begin
  while next_partition < partition_count loop
    insert into postlog.segment_chain (topic_id) values (in_topic_id) returning chain_id into new_chain_id;
    new_segment_id := postlog.create_segment_v1(new_chain_id, 'open');

    with created as (
      insert into postlog.replica (topic_id, partition, broker_id, role, chain_id, active_segment_id)
      select in_topic_id, p.partition, in_broker_id, 'leader', new_chain_id, new_segment_id
        from generate_series(next_partition, least(next_partition + partitions_per_chain, partition_count) - 1) p(partition)
      returning partition_id
    ), epochs as (
      insert into postlog.leader_epoch (partition_id, leader_epoch, start_offset)
      select c.partition_id, 0, 0 from created c
    )
    insert into postlog.replica_segment (partition_id, base_offset, segment_id)
    select c.partition_id, 0, new_segment_id from created c;

    next_partition := next_partition + partitions_per_chain;
  end loop;
  update postlog.metadata_version set version = version + 1;
end
$$;
