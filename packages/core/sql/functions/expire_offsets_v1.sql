-- Forgets offsets that nobody needs any more (rule H57): of groups without members for `retention_ms`, and of topics that no
-- member of the group subscribes to, when nothing was committed there for as long. A group with neither members nor offsets
-- goes too. Answers how many offsets were forgotten; at most `max_groups` groups at a time, those that are busy later.
create function postlog.expire_offsets_v1(retention_ms bigint, max_groups integer) returns integer
language plpgsql volatile as $$
declare
  before timestamptz := clock_timestamp() - retention_ms * interval '1 ms';
  candidate record;
  expired integer;
  total integer := 0;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'expire_offsets_v1 runs under read committed only' using errcode = 'PL002';
  end if;

  for candidate in
    select g.group_id
      from postlog.group_state g
     where g.changed_at < before
       and not exists (select from postlog.group_membership m where m.group_id = g.group_id)
        or exists (select from postlog.committed_offset c
                    where c.group_id = g.group_id and c.owner_member_id is null and c.committed_at < before)
     order by g.group_id
     limit max_groups
       for update skip locked
  loop
    -- Under the group's lock nobody joins, and no member takes a partition over.
    with gone as (
      select c.partition_id
        from postlog.committed_offset c
       where c.group_id = candidate.group_id
         and c.owner_member_id is null
         and coalesce(c.committed_at, '-infinity') < before
         and (not exists (select from postlog.group_membership m where m.group_id = c.group_id)
              and (select g.changed_at from postlog.group_state g where g.group_id = c.group_id) < before
              or exists (select from postlog.group_membership m where m.group_id = c.group_id)
              and not exists (select from postlog.group_membership m
                                join postlog.topic_partition r on r.partition_id = c.partition_id
                                join postlog.topic t using (topic_id)
                               where m.group_id = c.group_id and t.topic = any (m.topics)))
       order by c.partition_id
         for update
    )
    delete from postlog.committed_offset c
     using gone
     where c.group_id = candidate.group_id and c.partition_id = gone.partition_id;
    get diagnostics expired = row_count;
    total := total + expired;
    delete from postlog.group_state g
     where g.group_id = candidate.group_id
       and g.changed_at < before
       and not exists (select from postlog.group_membership m where m.group_id = g.group_id)
       and not exists (select from postlog.committed_offset c where c.group_id = g.group_id);
  end loop;
  return total;
end
$$;
