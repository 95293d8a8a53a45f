-- Makes this the database of the broker's next process; answers its number. A broker that was alone until now closes its outbox first.
create function postlog.raise_incarnation_v1(in_broker_id integer, in_replica_lag_time_max_ms integer, above integer) returns integer
language plpgsql volatile
as $$
declare
  raised integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'raise_incarnation_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  perform set_config('synchronous_commit', 'local', true);
  perform from postlog.broker b where b.incarnation = 0 for update;
  if found then
    perform postlog.close_outbox_v1();
  end if;
  update postlog.broker b
     set broker_id = in_broker_id, incarnation = greatest(b.incarnation, above) + 1, lead_until = clock_timestamp(),
         replica_lag_time_max_ms = in_replica_lag_time_max_ms
  returning b.incarnation into raised;
  return raised;
end
$$;
