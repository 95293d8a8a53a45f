import type { Anomaly } from '../../history.js';
import type { FinalLog } from '../samples.js';
import { BatchComparison, holesIn } from './samples.js';

/** The logs of all databases, as they stand at the end. */
export function checkLogs(logs: readonly FinalLog[]): Anomaly[] {
  return [...divergence(logs), ...differences(logs), ...logs.flatMap(holesOf), ...logs.flatMap(epochStartsOf)];
}

/** A4: below what all of them say is committed, databases hold other batches. */
function divergence(logs: readonly FinalLog[]): Anomaly[] {
  const partitionIds = new Set(logs.map(({ partitionId }) => partitionId));
  return [...partitionIds].flatMap((partitionId) => {
    const replicas = logs.filter((log) => log.partitionId === partitionId);
    const mark = Math.min(...replicas.map(({ highWatermark }) => highWatermark));
    const start = Math.max(...replicas.map(({ logStart }) => logStart));
    const [first, ...others] = replicas.map(({ brokerId, batches }) => ({
      brokerId,
      text: batches
        .filter(({ baseOffset }) => baseOffset >= start && baseOffset < mark)
        .map(({ baseOffset, lastOffset, digest }) => `${baseOffset}-${lastOffset} ${digest}`),
    }));
    return others.flatMap(({ brokerId, text }) => {
      const at = text.findIndex((line, place) => line !== first!.text[place]);
      if (at < 0 && text.length === first!.text.length) return [];
      const where = text[at] ?? first!.text[text.length];
      return [
        {
          code: 'A4',
          detail: `partition ${partitionId}: brokers ${first!.brokerId} and ${brokerId} differ at ${where}`,
        },
      ];
    });
  });
}

/** R6. */
function differences(logs: readonly FinalLog[]): Anomaly[] {
  const batches = new BatchComparison();
  return logs.flatMap((log) => log.batches.flatMap((batch) => batches.look(log.partitionId, log.brokerId, batch)));
}

/** R11: from the log's start to its end. */
function holesOf({ partitionId, brokerId, batches }: FinalLog): Anomaly[] {
  return holesIn(batches).map((detail) => ({
    code: 'R11',
    detail: `partition ${partitionId} on broker ${brokerId}: ${detail}`,
  }));
}

/** R8: where epochs begin, as written down and as the records say. An epoch may begin without a record, before the next one's first. */
function epochStartsOf({ partitionId, brokerId, batches, epochStarts }: FinalLog): Anomaly[] {
  const place = `partition ${partitionId} on broker ${brokerId}`;
  return batches.flatMap(({ baseOffset, leaderEpoch }, at) => {
    const isFirst = batches[at - 1]?.leaderEpoch !== leaderEpoch;
    const written = epochStarts.find(({ epoch }) => epoch === leaderEpoch)?.startOffset;
    if (!isFirst || at === 0 || written === baseOffset) return [];
    return [
      { code: 'R8', detail: `${place}: epoch ${leaderEpoch} begins at ${baseOffset}, written down is ${written}` },
    ];
  });
}
