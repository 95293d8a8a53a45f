import { offset } from '../record/offset.js';
import type { EpochEnd } from './leader-epochs.js';
import type { EpochStart } from './replica-store.js';

/** `epoch → first offset`, as pairs. */
export const epochs = (...pairs: readonly (readonly [epoch: number, startOffset: number])[]): readonly EpochStart[] =>
  pairs.map(([epoch, startOffset]) => ({ epoch, startOffset: offset(startOffset) }));
const end = (epoch: number, endOffset: number): EpochEnd => ({ epoch, endOffset: offset(endOffset) });

/** Each case holds for the function in TypeScript and for the one in SQL (rule C21). */
export interface EndOfEpochCase {
  readonly title: string;
  readonly epochs: readonly EpochStart[];
  readonly logEndOffset: number;
  readonly epoch: number;
  readonly expected: EpochEnd;
}

const known = epochs([2, 0], [5, 10], [6, 15]);

export const END_OF_EPOCH_CASES: readonly EndOfEpochCase[] = [
  { title: 'an epoch ends where the next begins', epochs: known, logEndOffset: 20, epoch: 2, expected: end(2, 10) },
  { title: 'the latest ends at the log’s end', epochs: known, logEndOffset: 20, epoch: 6, expected: end(6, 20) },
  {
    title: 'an unknown one is answered by the one below it',
    epochs: known,
    logEndOffset: 20,
    epoch: 4,
    expected: end(2, 10),
  },
  { title: 'one above all by the latest', epochs: known, logEndOffset: 20, epoch: 9, expected: end(6, 20) },
  {
    title: 'one below all by none, at the first that is known',
    epochs: known,
    logEndOffset: 20,
    epoch: 1,
    expected: end(-1, 0),
  },
  { title: 'without any epoch, none and the log’s end', epochs: [], logEndOffset: 7, epoch: 3, expected: end(-1, 7) },
  {
    title: 'the epoch of a leader that has not appended yet ends where it begins',
    epochs: epochs([2, 0], [7, 20]),
    logEndOffset: 20,
    epoch: 7,
    expected: end(7, 20),
  },
];

/** What a follower is told, and where it cuts; the leader's side holds in SQL too (rule C22). */
export interface DivergenceCase {
  readonly title: string;
  readonly leader: readonly EpochStart[];
  readonly leaderEnd: number;
  readonly follower: readonly EpochStart[];
  readonly followerEnd: number;
  readonly expected: EpochEnd | undefined;
  /** Where the follower's log ends after all rounds. */
  readonly cutTo: number;
}

export const DIVERGENCE_CASES: readonly DivergenceCase[] = [
  {
    title: 'do not part while the follower is a prefix of the leader',
    leader: epochs([1, 0], [2, 5]),
    leaderEnd: 9,
    follower: epochs([1, 0]),
    followerEnd: 4,
    expected: undefined,
    cutTo: 4,
  },
  {
    title: 'do not part when they are equal',
    leader: epochs([1, 0], [2, 5]),
    leaderEnd: 9,
    follower: epochs([1, 0], [2, 5]),
    followerEnd: 9,
    expected: undefined,
    cutTo: 9,
  },
  {
    title: 'do not part when the follower has nothing',
    leader: epochs([1, 0]),
    leaderEnd: 9,
    follower: [],
    followerEnd: 0,
    expected: undefined,
    cutTo: 0,
  },
  {
    title: 'part where the follower’s last epoch ends on the leader',
    leader: epochs([1, 0], [2, 5]),
    leaderEnd: 9,
    follower: epochs([1, 0]),
    followerEnd: 8,
    expected: end(1, 5),
    cutTo: 5,
  },
  {
    title: 'part below an epoch that the leader does not know, although its log is as long',
    leader: epochs([1, 0]),
    leaderEnd: 9,
    follower: epochs([1, 0], [2, 6]),
    followerEnd: 9,
    expected: end(1, 9),
    cutTo: 6,
  },
  {
    title: 'part after two quick changes of leader: each has an epoch that the other does not know',
    leader: epochs([1, 0], [3, 5]),
    leaderEnd: 9,
    follower: epochs([1, 0], [2, 4]),
    followerEnd: 9,
    expected: end(1, 5),
    cutTo: 4,
  },
  {
    title: 'part in rounds while epochs alternate',
    leader: epochs([1, 0], [3, 4], [5, 8]),
    leaderEnd: 12,
    follower: epochs([1, 0], [2, 3], [4, 6]),
    followerEnd: 12,
    expected: end(3, 8),
    cutTo: 3,
  },
  {
    title: 'part at the leader’s end when it has lost records of that epoch',
    leader: epochs([1, 0]),
    leaderEnd: 4,
    follower: epochs([1, 0]),
    followerEnd: 7,
    expected: end(1, 4),
    cutTo: 4,
  },
  {
    title: 'part at the start when they share no epoch',
    leader: epochs([4, 0]),
    leaderEnd: 6,
    follower: epochs([1, 0], [3, 2]),
    followerEnd: 5,
    expected: end(-1, 0),
    cutTo: 0,
  },
  {
    title: 'do not part over an epoch under which the follower led and appended nothing',
    leader: epochs([1, 0], [3, 5]),
    leaderEnd: 9,
    follower: epochs([1, 0], [2, 5]),
    followerEnd: 5,
    expected: undefined,
    cutTo: 5,
  },
];

/** What becomes of the list when a record of an epoch is copied, or a leadership begins (rules C18, C19). */
export interface AppendEpochCase {
  readonly title: string;
  readonly epochs: readonly EpochStart[];
  readonly epoch: number;
  readonly startOffset: number;
  readonly expected: readonly EpochStart[];
}

export const APPEND_EPOCH_CASES: readonly AppendEpochCase[] = [
  { title: 'begins the list', epochs: [], epoch: 3, startOffset: 0, expected: epochs([3, 0]) },
  { title: 'adds a new epoch', epochs: epochs([1, 0]), epoch: 3, startOffset: 4, expected: epochs([1, 0], [3, 4]) },
  {
    title: 'keeps the start of a known epoch',
    epochs: epochs([1, 0], [3, 4]),
    epoch: 3,
    startOffset: 9,
    expected: epochs([1, 0], [3, 4]),
  },
  {
    title: 'replaces an epoch under which nothing was appended',
    epochs: epochs([1, 0], [2, 4]),
    epoch: 3,
    startOffset: 4,
    expected: epochs([1, 0], [3, 4]),
  },
  {
    title: 'drops a later epoch under which nothing was appended when records of an earlier one are copied there',
    epochs: epochs([1, 0], [4, 5]),
    epoch: 3,
    startOffset: 5,
    expected: epochs([1, 0], [3, 5]),
  },
  {
    title: 'drops it also when records of the epoch before it go on there',
    epochs: epochs([1, 0], [3, 2], [4, 5]),
    epoch: 3,
    startOffset: 5,
    expected: epochs([1, 0], [3, 2]),
  },
];
