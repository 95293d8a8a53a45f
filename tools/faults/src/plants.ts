import type { Audit } from './audit.store.js';

/** Faults of the product itself, made on purpose, so that the checker shows what it can find. They live in this tool alone. */
export const PLANTS: Readonly<Record<string, string>> = {
  'skip-fence': 'commits compare neither owner nor epoch',
  'two-owners': 'partitions are given away while others still own them',
  'commit-past-unfinished': 'a record counts as done when it is handed to the handler',
  'commit-regression': 'commits go back now and then',
};

/** What is planted in the database. */
export async function plantInDatabase(plant: string, audit: Audit): Promise<void> {
  if (plant === 'skip-fence') {
    await audit.plant(
      'commit_offsets_v1',
      `if found and stored.owner_member_id is not distinct from in_member_id
         and (in_member_id is null or stored.owner_epoch = owner_epochs[i]) then`,
      'if found then',
    );
  }
  if (plant === 'two-owners') {
    await audit.plant(
      'read_group_v1',
      'c.owner_member_id is not null',
      'c.owner_member_id is not null and random() < 0.7',
    );
    await audit.plant('write_group_v1', ' and c.owner_member_id is not distinct from o.old_owner', '');
  }
  if (plant === 'commit-regression') {
    await audit.plant(
      'commit_offsets_v1',
      `set committed_offset = offsets[i],`,
      `set committed_offset = greatest(offsets[i] - (random() * 30)::integer, 0),`,
    );
  }
}

interface Patched {
  readonly generation: number;
  takeRecords(): { readonly nextOffset: bigint; readonly leaderEpoch: number } | undefined;
  resolve(next: bigint, generation: number, leaderEpoch: number): void;
}

/** What is planted in a member's process, behind the client's back. */
export async function plantInMember(plant: string): Promise<void> {
  if (plant !== 'commit-past-unfinished') return;
  const internals = new URL('../../../packages/core/dist/client/assigned-partition.js', import.meta.url);
  const { AssignedPartition } = (await import(internals.href)) as { AssignedPartition: { prototype: Patched } };
  const { prototype } = AssignedPartition;
  const take = Object.getOwnPropertyDescriptor(prototype, 'takeRecords')!.value as Patched['takeRecords'];
  prototype.takeRecords = function takeAndResolve(this: Patched) {
    const records = take.call(this);
    if (records !== undefined) this.resolve(records.nextOffset, this.generation, records.leaderEpoch);
    return records;
  };
}
