import { join } from 'node:path';
import { ClientChild } from './client-child.js';
import type { ClientOptions, ClientWays } from './client-options.js';

export const TOPIC = 'faults';
const GROUP = 'survivors';
export const DELIVERY_TIMEOUT_MS = 12_000;
const MEMBER_SESSION_MS = 4_000;

/** Client processes of a run, by name; the last one reads after all was healed. */
export const CLIENTS = ['c1', 'c2', 'c3'];
export const FINAL_READER = 'final';

export interface WorkloadOptions {
  readonly partitions: number;
  readonly folder: string;
  readonly waysOf: (client: string) => ClientWays;
}

/**
 * Who sends and who reads. Producers with numbers and without, for all in-sync replicas and for the leader alone; two members of a group; a reader that chooses
 * its partitions itself. 130 records a second in all.
 */
export function startClients(options: WorkloadOptions): ClientChild[] {
  const parts: Readonly<Record<string, Partial<ClientOptions>>> = {
    c1: {
      producers: [{ name: 'c1-p1', acks: 'all', isIdempotent: true, rate: 40 }],
      members: ['c1-m1'],
    },
    c2: {
      producers: [
        { name: 'c2-p1', acks: 'all', isIdempotent: true, rate: 30 },
        { name: 'c2-p2', acks: 'leader', isIdempotent: true, rate: 20 },
      ],
      members: ['c2-m1'],
    },
    c3: {
      producers: [
        { name: 'c3-p1', acks: 'all', isIdempotent: false, rate: 20 },
        { name: 'c3-p2', acks: 'leader', isIdempotent: false, rate: 20 },
      ],
      readers: ['c3-r1'],
      observes: true,
    },
  };
  return CLIENTS.map((name) => startClient(name, parts[name] ?? {}, options));
}

export function startFinalReader(options: WorkloadOptions): ClientChild {
  return startClient(FINAL_READER, { readers: ['final-r1'], readerMode: 'final' }, options);
}

export const eventsFile = (folder: string, name: string) => join(folder, 'events', `${name}.jsonl`);

function startClient(
  name: string,
  part: Partial<ClientOptions>,
  { partitions, folder, waysOf }: WorkloadOptions,
): ClientChild {
  const options: ClientOptions = {
    producers: [],
    members: [],
    readers: [],
    readerMode: 'assign',
    observes: false,
    ...part,
    ...waysOf(name),
    name,
    partitions,
    topic: TOPIC,
    groupId: GROUP,
    memberSessionMs: MEMBER_SESSION_MS,
    deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
    file: eventsFile(folder, name),
  };
  return new ClientChild(options, join(folder, `${name}.log`));
}
