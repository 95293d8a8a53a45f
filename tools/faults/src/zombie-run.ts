import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@postlog/core';
import type { Undo } from '@postlog/core/testing';
import { readEvents, type ProcessEvent } from './history.js';
import { Member } from './member.js';
import { Sender } from './sender.js';

const TOPIC = 'zombie';
const GROUP = 'undead';
const SESSION_MS = 2_000;

export interface ZombieOutcome {
  readonly lines: string[];
  /** Its commit was refused, no handler began before it joined again, and it did so by itself. */
  readonly isAsPromised: boolean;
}

/** A member is stopped for longer than its session, loses its partitions to another, and goes on. */
export async function runZombie(options: {
  readonly url: string;
  readonly say: (text: string) => void;
  readonly onStop: (undo: Undo) => void;
}): Promise<ZombieOutcome> {
  const { url, say, onStop } = options;
  const folder = await mkdtemp(join(tmpdir(), 'postlog-zombie-'));
  onStop(() => rm(folder, { recursive: true, force: true }));
  const postlog = await connect({ url, logger: null });
  onStop(() => postlog.close());
  await postlog.admin().createTopics({ topics: [{ topic: TOPIC, numPartitions: 2 }] });
  const sender = new Sender(postlog, TOPIC, 20);
  onStop(() => sender.stop());
  const start = (name: string) => {
    const file = join(folder, `${name}.jsonl`);
    const shared = { url, topic: TOPIC, groupId: GROUP, name, mode: 'manual' as const, seed: 1 };
    const member = new Member({ ...shared, sessionTimeout: SESSION_MS, handlerMs: 400, file });
    onStop(() => member.end('SIGKILL'));
    return { member, events: async () => readEvents(await readFile(file, 'utf8').catch(() => '')) };
  };
  const ownedBy = async (name: string) => {
    const { groups } = await postlog.admin().describeGroups([GROUP]);
    const owned = groups[0]!.members.filter(({ clientId }) => clientId === name).flatMap((member) => member.owned);
    return owned.flatMap(({ partitions }) => partitions).length;
  };
  const until = async (isSo: () => Promise<boolean>) => {
    while (!(await isSo())) await new Promise((wake) => setTimeout(wake, 20));
  };

  const zombie = start('zombie');
  start('heir');
  await until(async () => (await ownedBy('zombie')) === 1 && (await ownedBy('heir')) === 1);
  const hasOpenCall = async () => {
    const events = await zombie.events();
    return events.filter(({ kind }) => kind === 'begin').length > events.filter(({ kind }) => kind === 'end').length;
  };
  await until(hasOpenCall);
  say('stopping a member in the middle of a handler');
  zombie.member.pause();
  await until(async () => (await ownedBy('heir')) === 2);
  say('another has its partition now; it goes on');
  const before = (await zombie.events()).length;
  const wokenAt = Date.now();
  zombie.member.goOn();
  let after: ProcessEvent[] = [];
  await until(async () => {
    after = (await zombie.events()).slice(before);
    return after.some(({ kind }) => kind === 'begin') && after.some(({ kind }) => kind === 'refused');
  });
  const lines = after.map((event) => `${String(Math.round(event.at - wokenAt)).padStart(6)} ms  ${describe(event)}`);
  const kinds = after.map(({ kind }) => kind);
  const joinedAt = kinds.indexOf('joined');
  const isAsPromised = kinds.indexOf('refused') >= 0 && joinedAt >= 0 && !kinds.slice(0, joinedAt).includes('begin');
  return { lines, isAsPromised };
}

function describe(event: ProcessEvent): string {
  switch (event.kind) {
    case 'begin':
      return `a handler begins, partition ${event.partition} offset ${event.offset}`;
    case 'end':
      return `the handler that was running ends, partition ${event.partition} offset ${event.offset}`;
    case 'refused':
      return `its commit is refused: ${event.code}`;
    case 'joined':
      return `it joins again as ${event.memberId}`;
  }
}
