import type { BuildOptions, RecordBatchBuilder } from './record-batch-builder.js';

/** Below this a batch is stored in a few pages anyway; above it, what lz4 saves in log and table is worth its time. */
const WORTH_COMPRESSING_BYTES = 4_096;
/** A batch that hardly shrank is stored as it is, which spares every reader the work. */
const WORTH_KEEPING = 0.9;

/** A batch's bytes, by lz4 where that is worth while (docs/adr/0002), and whether it was tried and saved next to nothing. */
export async function buildAsWorthWhile(
  builder: RecordBatchBuilder,
  producer: Omit<BuildOptions, 'compression'>,
  mayCompress = true,
): Promise<{ readonly bytes: Buffer; readonly hardlyShrank: boolean }> {
  const plainBytes = builder.sizeInBytes;
  let hardlyShrank = false;
  if (mayCompress && plainBytes >= WORTH_COMPRESSING_BYTES) {
    const compressed = await builder.build({ compression: 'lz4', ...producer });
    if (compressed.length <= plainBytes * WORTH_KEEPING) return { bytes: compressed, hardlyShrank };
    hardlyShrank = true;
  }
  return { bytes: await builder.build({ compression: 'none', ...producer }), hardlyShrank };
}
