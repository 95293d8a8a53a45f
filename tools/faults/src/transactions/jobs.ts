/** A record that says itself how often its handlers fail, so that all of them fail alike. */
export interface Job {
  /** Sender and number, as in `p1.0:17`. */
  readonly id: string;
  /** Records of one key keep their order. */
  readonly key: string | null;
  /** So many attempts are in vain; Infinity: all of them. */
  readonly failures: number;
}

/** Calls of the handler before a job becomes a dead letter; what fails fewer times must not. */
export const ATTEMPTS = 4;
/** Few enough that what waits behind a parked job stays few. */
const JOBS_OF_A_KEY = 5;
const KEYLESS_CHANCE = 0.1;
const POISON_CHANCE = 0.04;
const FAILING_CHANCE = 0.2;

/** The next job of a sender. */
export function nextJob(sender: string, number: number, random: () => number): Job {
  const chance = random();
  const times = 1 + Math.floor(random() * (ATTEMPTS - 1));
  return {
    id: `${sender}:${number}`,
    key: random() < KEYLESS_CHANCE ? null : `${sender}.${Math.floor(number / JOBS_OF_A_KEY)}`,
    failures: chance < POISON_CHANCE ? Infinity : chance < POISON_CHANCE + FAILING_CHANCE ? times : 0,
  };
}

export function jobValue({ id, key, failures }: Job): string {
  return `${id}/${key ?? ''}/${failures}`;
}

export function parseJob(value: string): Job {
  const [id = '', key = '', failures] = value.split('/');
  return { id, key: key === '' ? null : key, failures: Number(failures) };
}
