/** Rules that a simulation may break on purpose, to see whether it notices. */
export const MISTAKES = [
  /** `acks: all` is answered when the leader has the records. */
  'acks before the high watermark',
  /** A copy holds the records without what tells a repeat. */
  'producers are not copied',
  /** A leader's change of the ISR is written whatever the epochs are by now. */
  'an ISR is changed without comparing epochs',
  /** A new process of a broker begins without what the last one proposed. */
  'a pending ISR is forgotten with its process',
  /** Only the first answer to a batch waits for the high watermark. */
  'a repeat is answered before the high watermark',
  /** As before KIP-101: who begins to follow drops what it does not know to be committed. */
  'a follower truncates to its high watermark',
  /** An order to truncate is carried out on whatever the log is by now. */
  'a log is cut that nobody was asked about',
  /** A controller that was replaced writes on. */
  'a controller is not fenced',
  /** A database leads until it is told otherwise. */
  'a leader leads for ever',
  /** Who was away for longer than its session leads on as what it was. */
  'a leader leads on before it hears',
] as const;

export type Mistake = (typeof MISTAKES)[number];

export type Mistakes = ReadonlySet<Mistake>;
