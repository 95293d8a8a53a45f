import { createRequire } from 'node:module';
import fc from 'fast-check';
import { compress, decompress, COMPRESSION_NUMBERS, type CompressionName } from './compression.js';
import type { Message } from './messages.js';
import { RecordBatchBuilder } from './record-batch-builder.js';
import { decodeBatch } from './record-batch-reader.js';
import { verifyBatch } from './record-batch.js';

/** The format against another implementation of it: KafkaJS 2.2.4, with codecs in plain JavaScript. */
interface KafkaJsEncoder {
  readonly buffer: Buffer;
}
interface KafkaJsBatch {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly maxTimestamp: string;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly inTransaction: boolean;
  readonly records: readonly {
    key: Buffer | null;
    value: Buffer | null;
    timestamp: string;
    offset: string;
    headers: object;
  }[];
}
interface KafkaJsCodec {
  compress(encoder: KafkaJsEncoder): Promise<Buffer>;
  decompress(body: Buffer): Promise<Buffer>;
}

const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const readBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (decoder: object) => Promise<KafkaJsBatch>;
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (options: object) => Promise<KafkaJsEncoder>;
};
const Record = require('kafkajs/src/protocol/recordBatch/record/v0') as (options: object) => KafkaJsEncoder;
const { Codecs } = require('kafkajs/src/protocol/message/compression') as {
  Codecs: { [number: number]: () => KafkaJsCodec };
};
const lz4js = require('lz4js') as { [name in 'compress' | 'decompress']: (bytes: Uint8Array) => Uint8Array };
const snappyjs = require('snappyjs') as { [name in 'compress' | 'uncompress']: (bytes: Uint8Array) => Uint8Array };

Codecs[2] = () => ({
  compress: ({ buffer }) => Promise.resolve(Buffer.from(snappyjs.compress(buffer))),
  decompress: (body) => Promise.resolve(unframe(body)),
});
Codecs[3] = () => ({
  compress: ({ buffer }) => Promise.resolve(Buffer.from(lz4js.compress(buffer))),
  decompress: (body) => Promise.resolve(Buffer.from(lz4js.decompress(body))),
});

/** The xerial framing, read block by block. */
function unframe(body: Buffer): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 16; at < body.length; at += 4 + body.readInt32BE(at)) {
    parts.push(snappyjs.uncompress(body.subarray(at + 4, at + 4 + body.readInt32BE(at))));
  }
  return Buffer.concat(parts);
}

const codec = fc.constantFrom<CompressionName>('none', 'gzip', 'snappy', 'lz4');
const bytes = fc.uint8Array({ maxLength: 100 }).map((each) => Buffer.from(each));
/** Without names of Object.prototype: KafkaJS's decoder takes what is inherited for a value. */
const headerName = fc.string({ minLength: 1 }).filter((name) => !(name in {}));
const headers = fc.dictionary(headerName, fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 })), {
  maxKeys: 3,
  noNullPrototype: true,
});
const messages = fc.array(
  fc.record({ key: fc.option(bytes), value: fc.option(bytes), timestamp: fc.nat(4_102_444_800_000), headers }),
  { minLength: 1, maxLength: 15 },
);
const producer = fc.record({
  producerId: fc.bigInt(-1n, 2n ** 62n),
  producerEpoch: fc.integer({ min: -1, max: 32_767 }),
  baseSequence: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
});

describe('KafkaJS and Postlog', () => {
  it('KafkaJS reads what Postlog writes', async () => {
    await fc.assert(
      fc.asyncProperty(messages, codec, producer, async (sent, compression, fields) => {
        const builder = new RecordBatchBuilder({});
        for (const each of sent) builder.append({ ...each, timestamp: String(each.timestamp) } as Message, 0);
        const batch = await builder.build({ compression, ...fields });
        const read = await readBatch(new Decoder(batch));
        expect(read).toMatchObject({
          firstOffset: '0',
          firstTimestamp: String(sent[0]!.timestamp),
          maxTimestamp: String(Math.max(...sent.map(({ timestamp }) => timestamp))),
          lastOffsetDelta: sent.length - 1,
          producerId: String(fields.producerId),
          producerEpoch: fields.producerEpoch,
          firstSequence: fields.baseSequence,
          inTransaction: false,
        });
        expect(read.records.map(plain)).toEqual(
          sent.map((each, index) => plain({ ...each, timestamp: String(each.timestamp), offset: String(index) })),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('Postlog reads what KafkaJS writes', async () => {
    await fc.assert(
      fc.asyncProperty(messages, codec, producer, async (sent, compression, fields) => {
        const firstTimestamp = sent[0]!.timestamp;
        const { buffer } = await RecordBatch({
          compression: COMPRESSION_NUMBERS[compression],
          firstTimestamp,
          maxTimestamp: Math.max(...sent.map(({ timestamp }) => timestamp)),
          lastOffsetDelta: sent.length - 1,
          producerId: fields.producerId,
          producerEpoch: fields.producerEpoch,
          firstSequence: fields.baseSequence,
          records: sent.map((each, index) =>
            Record({ ...each, offsetDelta: index, timestampDelta: each.timestamp - firstTimestamp }),
          ),
        });
        expect(verifyBatch(buffer)).toMatchObject({ ...fields, compression, recordCount: sent.length });
        const read = decodeBatch(buffer, { baseOffset: 500n });
        expect(read.map(plain)).toEqual(
          sent.map((each, index) => plain({ ...each, timestamp: String(each.timestamp), offset: String(500 + index) })),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('both unfold each other’s gzip', async () => {
    const body = Buffer.from('gzip '.repeat(100));
    const theirs = Codecs[1]!();
    expect(decompress('gzip', await theirs.compress({ buffer: body }), 500)).toEqual(body);
    expect(await theirs.decompress(await compress('gzip', body))).toEqual(body);
  });
});

function plain({ key, value, timestamp, offset, headers: given }: KafkaJsBatch['records'][number]) {
  return { key, value, timestamp, offset, headers: { ...given } };
}
