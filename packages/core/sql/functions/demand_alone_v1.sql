-- Raises where this broker belongs to a cluster: its topics are the metadata store's to change.
create function postlog.demand_alone_v1() returns void
language plpgsql stable as $$
begin
  if exists (select from postlog.broker b where b.incarnation > 0) then
    raise exception 'broker % belongs to a cluster', (select b.broker_id from postlog.broker b) using errcode = 'PL003';
  end if;
end
$$;
