-- Ends the session whose transaction holds a claim's row locked: somebody who was stopped between his last statement and the commit, and whom
-- others would wait for. Answers whether there was one. Sessions of one role may end each other.
create function postlog.end_claim_holder_v1(in_group_id text, in_partition_id integer) returns boolean
language sql volatile
as $$
  select coalesce(bool_or(pg_terminate_backend(l.pid)), false)
    from postlog.claim c
    join pg_locks l on l.locktype = 'transactionid' and l.transactionid = c.xmax and l.granted
   where c.group_id = in_group_id and c.partition_id = in_partition_id and l.pid <> pg_backend_pid()
$$;
