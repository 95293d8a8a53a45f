-- Withdraws a delivery that is not due yet; answers whether there was one, or null where the trace of a user's transaction is gone (delay_v1).
create function postlog.cancel_delayed_v1(in_trace text, is_own boolean, in_delivery_id uuid) returns boolean
language plpgsql volatile
as $$
begin
  if in_trace is not null and current_setting('postlog.transaction', true) is distinct from in_trace then
    return null;
  end if;
  if is_own and current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;
  delete from postlog.delayed d where d.delivery_id = in_delivery_id;
  return found;
end
$$;
