-- Writes high watermarks down that moved, and removes lines of soft state that newer ones replaced. Answers how many marks were written.
create function postlog.checkpoint_watermarks_v1() returns integer
language plpgsql volatile as $$
declare
  written integer;
begin
  perform set_config('lock_timeout', '50ms', true);
  with moved as (
    select w.partition_id, max(w.high_watermark) as high_watermark from postlog.soft_watermark w group by w.partition_id
  ), free as (
    select c.partition_id, m.high_watermark from postlog.watermark_checkpoint c join moved m using (partition_id)
     where m.high_watermark > c.high_watermark
     order by c.partition_id
       for no key update of c skip locked
  )
  update postlog.watermark_checkpoint c set high_watermark = f.high_watermark
    from free f where f.partition_id = c.partition_id;
  get diagnostics written = row_count;
  delete from postlog.soft_watermark w
   where w.high_watermark < (select max(n.high_watermark) from postlog.soft_watermark n where n.partition_id = w.partition_id);
  delete from postlog.follower_progress f
   where exists (select from postlog.follower_progress n
                  where n.partition_id = f.partition_id and n.broker_id = f.broker_id and n.noted > f.noted);
  delete from postlog.follower_fetch f
   where f.fetched_at < (select max(n.fetched_at) from postlog.follower_fetch n where n.broker_id = f.broker_id);
  return written;
end
$$;
