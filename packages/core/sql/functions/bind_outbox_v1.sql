-- Makes this database an application of a cluster, for good, and answers where it is and the producer id of its records.
--
-- A database has one sequencer, which appends to one log: a broker's own, or a cluster's. Refused (PL020) where it is another cluster's
-- application, or has topics of its own.
create function postlog.bind_outbox_v1(in_cluster_id text) returns table (place text, producer_id bigint)
language plpgsql volatile
as $$
declare
  bound text;
begin
  place := postlog.register_outbox_v1(in_cluster_id);
  update postlog.outbox_home h set cluster_id = in_cluster_id
   where h.cluster_id is null and not exists (select from postlog.topic);
  select h.cluster_id, h.producer_id into bound, producer_id from postlog.outbox_home h;
  if bound is distinct from in_cluster_id then
    raise exception 'the outbox of this database belongs to %', coalesce('cluster ' || bound, 'its own topics') using errcode = 'PL020';
  end if;
  return next;
end
$$;
