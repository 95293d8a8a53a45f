-- Makes topics, settings and partitions here what the metadata store says at a revision, unless a later one was applied already; answers whether it did.
--
-- `topics`: [{ topicId, topic, config, replicationFactor, partitions: [[partition, partitionId], …] }], all there are; `held_partitions`: of which this broker
-- holds replicas (made beforehand, by create_replicas_v1). What is not named goes, with the records.
create function postlog.apply_topics_v1(revision bigint, topics json, held_partitions integer[]) returns boolean
language plpgsql volatile as $$
declare
  has_changed boolean := false;
  gone integer[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'apply_topics_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  update postlog.broker b set applied_revision = revision where b.applied_revision <= revision;
  if not found then
    return false;
  end if;

  delete from postlog.topic t
   where not exists (select from json_array_elements(topics) j where (j ->> 'topicId')::uuid = t.topic_id);
  has_changed := found;
  insert into postlog.topic as t (topic_id, topic, replication_factor, config)
  select (j ->> 'topicId')::uuid, j ->> 'topic', (j ->> 'replicationFactor')::smallint, (j -> 'config')::jsonb
    from json_array_elements(topics) j
  on conflict (topic_id) do update set config = excluded.config, replication_factor = excluded.replication_factor
   where t.config <> excluded.config or t.replication_factor <> excluded.replication_factor;
  has_changed := has_changed or found;
  insert into postlog.topic_partition (partition_id, topic_id, partition)
  select (p ->> 1)::integer, (j ->> 'topicId')::uuid, (p ->> 0)::integer
    from json_array_elements(topics) j, json_array_elements(j -> 'partitions') p
  on conflict do nothing;
  has_changed := has_changed or found;
  delete from postlog.topic_partition p where not exists (select from postlog.topic t where t.topic_id = p.topic_id);

  gone := array(select r.partition_id from postlog.replica r
                 where not r.partition_id = any (held_partitions) order by r.partition_id);
  if cardinality(gone) > 0 then
    perform postlog.delete_replicas_v1(gone);
  end if;
  delete from postlog.committed_offset c
   where not exists (select from postlog.topic_partition p where p.partition_id = c.partition_id);
  if has_changed then
    update postlog.metadata_version set version = version + 1;
  end if;
  return true;
end
$$;
