import type { BrokerPart } from '@postlog/core/testing';
import { brokerName, type Edges, type Server } from './edges.js';
import type { EdgeProxy } from './edge-proxy.js';
import type { EventLog } from './event-log.js';
import type { Machine } from './machine.js';
import type { FaultKind, PlannedFault, Whom } from './plan.js';
import type { SeenMetadata } from './samples.js';

export interface NemesisOptions {
  readonly machines: ReadonlyMap<number, Machine>;
  readonly edges: Edges;
  /** Names of client processes. */
  readonly clients: readonly string[];
  readonly log: EventLog;
  readonly say: (line: string) => void;
  /** Metadata as last seen. */
  readonly metadata: () => SeenMetadata | undefined;
  /** Puts the older copy of a broker's data in place of its data. */
  readonly restoreCopy: (brokerId: number) => Promise<void>;
}

const BOTH: readonly BrokerPart[] = ['postgres', 'process'];
const PARTS: Partial<Record<FaultKind, readonly BrokerPart[]>> = {
  'kill-postgres': ['postgres'],
  'kill-broker': ['process'],
  'kill-machine': BOTH,
  'stop-postgres': ['postgres'],
  'stop-broker': ['process'],
  'stop-machine': BOTH,
};
/** Statements whose answers are lost with their connections: all that write. */
const WRITES = [
  'append_v1',
  'follow_append_v1',
  'note_fetch_v1',
  'metadata_commit_v1',
  'write_group_v1',
  'commit_offsets_v1',
];
const RESET_EVERY_MS = 250;

/** Carries faults out, each from its beginning to its end, side by side. */
export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #pending = new Set<Promise<void>>();
  #faults = 0;
  readonly #hurry = new AbortController();
  #hasLost = () => {};
  /** An answer of the metadata was lost. */
  readonly #lost = new Promise<void>((resolve) => (this.#hasLost = resolve));

  constructor(options: NemesisOptions) {
    this.#options = options;
  }

  get faults(): number {
    return this.#faults;
  }

  begin(fault: PlannedFault): void {
    const done = this.#carryOut(fault).finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }

  /** Takes everything back now, and resolves when all runs again. */
  async heal(): Promise<void> {
    this.#hurry.abort();
    this.#options.edges.healAll();
    await Promise.all(this.#pending);
    for (const machine of this.#options.machines.values()) machine.goOn(BOTH);
  }

  async #carryOut(planned: PlannedFault): Promise<void> {
    const { log, say } = this.#options;
    if (planned.isAfterLoss === true) await Promise.race([this.#lost, this.#hurried]);
    if (this.#hurry.signal.aborted) return;
    const brokers = planned.kind === 'rolling-restart' ? [...this.#options.machines.keys()] : this.#choose(planned);
    const client = this.#client(planned.whom);
    const what = describe(planned, brokers, client);
    const fault = this.#faults++;
    const value = { fault, kind: nameOf(planned), what, brokers: isAboutBrokers(planned.kind) ? brokers : [] };
    log.say({ f: 'nemesis', type: 'info', proc: 'nemesis', value: { ...value, phase: 'begin' } });
    say(`${planned.kind}: ${what}`);
    await this.#act(planned, brokers, client);
    log.say({ f: 'nemesis', type: 'info', proc: 'nemesis', value: { ...value, phase: 'end' } });
  }

  async #act(planned: PlannedFault, brokers: readonly number[], client: string): Promise<void> {
    const { kind, lastsMs } = planned;
    const machines = brokers.map((id) => this.#options.machines.get(id)!);
    const parts = PARTS[kind] ?? BOTH;
    if (kind.startsWith('kill-') || kind === 'two-down') {
      await Promise.all(machines.map((machine) => machine.kill(parts)));
      await this.#rest(lastsMs);
      await Promise.all(machines.map((machine) => machine.release(parts)));
    } else if (kind.startsWith('stop-')) {
      for (const machine of machines) machine.pause(parts);
      await this.#rest(lastsMs);
      for (const machine of machines) machine.goOn(parts);
    } else if (kind === 'rolling-restart') {
      for (const machine of machines) {
        if (this.#hurry.signal.aborted) return;
        await machine.stop(BOTH);
        await machine.release(BOTH);
      }
    } else if (kind === 'restore-copy') {
      await machines[0]!.kill(BOTH);
      await this.#options.restoreCopy(machines[0]!.id);
      await machines[0]!.release(BOTH);
    } else {
      await this.#actOnEdges(planned, brokers[0]!, client);
    }
  }

  async #actOnEdges(
    { kind, lastsMs, direction, healing, whom }: PlannedFault,
    target: number,
    client: string,
  ): Promise<void> {
    const only = 'only' in whom && whom.only !== undefined ? brokerName(whom.only) : undefined;
    const edges = this.#options.edges.where(
      (from, to) => (only === undefined || from === only) && isHit(kind, { from, to, target, client }),
    );
    if (kind === 'reset') {
      await this.#resetNowAndThen(edges, lastsMs);
      return;
    }
    for (const edge of edges) {
      if (kind === 'lose-append-answers') edge.loseAnswersTo('append_v1');
      else if (kind === 'lose-metadata-answer') edge.trap(['metadata_commit_v1', 'topics/'], 'cut', this.#hasLost);
      else edge.cut(direction);
    }
    if (kind === 'lose-metadata-answer') await Promise.race([this.#lost, this.#hurried]);
    await this.#rest(lastsMs);
    for (const edge of edges) edge.heal(healing);
  }

  /** Connections end in the middle of a write, on one edge after the other. */
  async #resetNowAndThen(edges: readonly EdgeProxy[], lastsMs: number): Promise<void> {
    for (let turn = 0; turn * RESET_EVERY_MS < lastsMs && !this.#hurry.signal.aborted; turn++) {
      const edge = edges[turn % edges.length]!;
      if (turn % 5 === 4) edge.reset();
      else for (const text of WRITES) edge.trap([text], 'reset');
      await this.#rest(RESET_EVERY_MS);
    }
    for (const edge of edges) edge.heal('late');
  }

  #choose({ kind, whom }: PlannedFault): number[] {
    const all = [...this.#options.machines.keys()];
    if ('brokerId' in whom) return [whom.brokerId];
    const partitions = this.#options.metadata()?.partitions ?? [];
    const partition = partitions[Math.floor(whom.chance * partitions.length)];
    const leader = partition?.leader ?? all[Math.floor(whom.chance * all.length)]!;
    const others = all.filter((id) => id !== leader);
    const follower = others[Math.floor(whom.chance * 7) % others.length]!;
    if (kind === 'two-down') return [leader, follower];
    if (whom.role === 'any') return [all[Math.floor(whom.chance * all.length)]!];
    return [whom.role === 'leader' ? leader : follower];
  }

  #client(whom: Whom): string {
    const { clients } = this.#options;
    return clients['chance' in whom ? Math.floor(whom.chance * clients.length) : 0]!;
  }

  get #hurried(): Promise<void> {
    return this.#rest(2 ** 31 - 1);
  }

  async #rest(ms: number): Promise<void> {
    const { signal } = this.#hurry;
    if (signal.aborted) return;
    await new Promise<void>((wake) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        wake();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
    });
  }
}

/** Whether a fault touches an edge. `target` is the broker that it is about. */
function isHit(
  kind: FaultKind,
  {
    from,
    to,
    target,
    client,
  }: { readonly from: string; readonly to: Server; readonly target: number; readonly client: string },
): boolean {
  const own = brokerName(target);
  const isBroker = from.startsWith('broker-');
  switch (kind) {
    case 'cut-metadata':
    case 'lose-metadata-answer':
      return from === own && to === 'metadata';
    case 'cut-followers':
      return isBroker && from !== own && to === target;
    case 'cut-client':
      return from === client && to === target;
    case 'cut-client-metadata':
      return from === client && to === 'metadata';
    case 'cut-own':
      return from === own && to === target;
    case 'cut-machine':
      return (from === own) !== (to === target);
    case 'metadata-down':
      return to === 'metadata';
    case 'lose-append-answers':
      return !isBroker && to === target;
    case 'reset':
      return to === target || from === own;
    default:
      return false;
  }
}

/** A cut of one way only is another thing than a whole one: what is asked may still be done. */
const nameOf = ({ kind, direction }: PlannedFault) =>
  kind.startsWith('cut-') && direction !== 'both' ? `${kind}-${direction}` : kind;

const isAboutBrokers = (kind: FaultKind) =>
  !['metadata-down', 'cut-client', 'cut-client-metadata', 'reset'].includes(kind);

function describe(
  { kind, direction, lastsMs, whom }: PlannedFault,
  brokers: readonly number[],
  client: string,
): string {
  const who =
    kind === 'metadata-down'
      ? 'everybody'
      : kind.startsWith('cut-client')
        ? `${client}, broker ${brokers.join()}`
        : `broker ${brokers.join(' and ')}`;
  const how = kind.startsWith('cut-') || kind === 'metadata-down' ? `, ${direction}` : '';
  const only = 'only' in whom && whom.only !== undefined ? ` (from broker ${whom.only} only)` : '';
  return `${who}${only}${how}, ${(lastsMs / 1_000).toFixed(1)} s`;
}
