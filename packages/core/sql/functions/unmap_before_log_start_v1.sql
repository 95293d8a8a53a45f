-- Takes segments that lie wholly before a partition's log start out of its map. The caller holds the replica row's lock.
--
-- A segment leaves when the next one begins at or before the log start and its producers are in a snapshot.
create function postlog.unmap_before_log_start_v1(in_partition_id integer, in_log_start bigint) returns void
language sql volatile as $$
  delete from postlog.replica_segment m
   using postlog.segment g
   where m.partition_id = in_partition_id and g.segment_id = m.segment_id and g.has_snapshot
     and exists (select from postlog.replica_segment n
                  where n.partition_id = m.partition_id and n.base_offset > m.base_offset and n.base_offset <= in_log_start)
$$;
