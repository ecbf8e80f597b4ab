/** Opening files whose weights are large, statistics of a tensor that fits no memory, and pictures of tensors. */
import { mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync, openSync, writeSync, closeSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { encodeOnnx } from '../../src/core/formats/onnx/decode.js';
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type ModelProto,
} from '../../src/core/formats/onnx/onnx_pb.js';
import type { WeightTensor } from '../../src/core/formats/tensor-file.js';
import { makeNode, makeValueInfo } from '../../src/core/rewrite/nodes.js';
import { encodeHalf } from '../../src/core/tensor/half.js';
import { defaultPicture, pictureTile, type TileRequest } from '../../src/core/weights/picture.js';
import { tensorStatistics } from '../../src/core/weights/statistics.js';
import { countingThreads } from '../../src/node/counting/threads.js';
import { openFileSource } from '../../src/node/file-source.js';
import { openModelFile } from '../../src/worker/open-model.js';
import { note, report, reportRatio, timeInTurn, type Turn } from './timing.js';

const MEGABYTE = 1e6;

/** Gives a folder of files that are gone afterwards. */
async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'model-inspector-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Times from the path to the structure, of models that differ in the size of their weights only. */
export function measureOpeningSizes(seconds: number): Promise<boolean> {
  return inFolder(async (folder) => {
    const path = (megabytes: number): string => join(folder, `${megabytes}.onnx`);
    for (const megabytes of [650, 6500]) {
      const weights = `${megabytes}.bin`;
      writeFileSync(path(megabytes), encodeOnnx(withExternalWeights(weights, megabytes * MEGABYTE)));
      // Nothing but a length: what is never read need not be there.
      writeFileSync(join(folder, weights), '');
      truncateSync(join(folder, weights), megabytes * MEGABYTE);
    }
    const open = async (megabytes: number): Promise<void> => (await openModelFile(path(megabytes))).close();
    const times = await timeInTurn({ small: () => open(650), large: () => open(6500) }, seconds / 2);
    note(`${LAYERS} layers: ${times.small.wall.toFixed(1)} ms with 650 MB, ${times.large.wall.toFixed(1)} with 6.5 GB`);
    return reportRatio('opening with 6.5 GB / with 650 MB of external data', times.large, times.small, 1.5);
  });
}

const LAYERS = 150;

function withExternalWeights(location: string, bytes: number): ModelProto {
  const width = Math.floor(Math.sqrt(bytes / LAYERS / 4));
  const length = width * width * 4;
  const names = Array.from({ length: LAYERS }, (_, layer) => `model.layers.${layer}.weight`);
  return create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'bench',
      input: [makeValueInfo('x', DataType.FLOAT, ['batch', width])],
      output: [makeValueInfo(`h${LAYERS}`, DataType.FLOAT, ['batch', width])],
      initializer: names.map((name, layer) =>
        create(TensorProtoSchema, {
          name,
          dataType: DataType.FLOAT,
          dims: [BigInt(width), BigInt(width)],
          dataLocation: TensorProto_DataLocation.EXTERNAL,
          externalData: Object.entries({ location, offset: layer * length, length }).map(([key, value]) => ({
            key,
            value: String(value),
          })),
        }),
      ),
      node: names.flatMap((name, layer) => [
        makeNode('MatMul', [`h${layer === 0 ? '' : layer}`.replace(/^h$/, 'x'), name], [`m${layer}`]),
        makeNode('Relu', [`m${layer}`], [`h${layer + 1}`]),
      ]),
    },
  });
}

const SHARDS = 200;
const TENSORS_PER_SHARD = 10;
const SHARD_BYTES = 25 * MEGABYTE;

/** Times until the whole set is open, against reading and parsing the headers of all its files and nothing else. */
export function measureShards(seconds: number): Promise<boolean> {
  return inFolder(async (folder) => {
    const map: Record<string, string> = {};
    const shards = Array.from({ length: SHARDS }, (_, shard) => `model-${String(shard).padStart(5, '0')}.safetensors`);
    shards.forEach((file, shard) => {
      const bytes = SHARD_BYTES / TENSORS_PER_SHARD;
      const entries = Array.from({ length: TENSORS_PER_SHARD }, (_, tensor) => {
        const name = `model.layers.${shard}.block.${tensor}.weight`;
        map[name] = file;
        return [name, { dtype: 'U8', shape: [bytes], data_offsets: [tensor * bytes, (tensor + 1) * bytes] }] as const;
      });
      writeShard(join(folder, file), Object.fromEntries(entries));
    });
    const index = join(folder, 'model.safetensors.index.json');
    writeFileSync(index, JSON.stringify({ metadata: { total_size: SHARDS * SHARD_BYTES }, weight_map: map }));
    const open = async (): Promise<void> => (await openModelFile(index)).close();
    const headers = async (): Promise<void> => {
      for (const shard of shards) {
        const source = await openFileSource(join(folder, shard));
        const prefix = await source.read(0, 8);
        const length = Number(new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true));
        JSON.parse(Buffer.from(await source.read(8, length)).toString());
        await source.close();
      }
    };
    const times = await timeInTurn({ open, headers }, seconds / 2);
    note(
      `${times.open.wall.toFixed(0)} ms to open, ${times.headers.wall.toFixed(0)} ms to read and parse ${SHARDS} headers`,
    );
    return reportRatio(`opening ${SHARDS} shards / reading their headers`, times.open, times.headers, 2);
  });
}

function writeShard(path: string, header: object): void {
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([prefix, text]));
  truncateSync(path, 8 + text.length + SHARD_BYTES);
}

/** Elements of the tensor whose statistics are measured. */
const ELEMENTS = 1e9;
const PIECE_BYTES = 2 ** 20;

/** Statistics of a float16 tensor against reading its file, from the system's cache, in the same pieces. */
export function measureStatistics(elements = ELEMENTS): Promise<boolean> {
  return inFolder(async (folder) => {
    const columns = 1000;
    const { bavail, bsize } = statfsSync(folder);
    // The file must fit into the cache twice over, and onto the disk.
    const room = Math.min(freemem() / 2, (bavail * bsize) / 2);
    const rows = Math.floor(Math.min(elements, room / 2) / columns);
    const path = join(folder, 'm.safetensors');
    writeHalves(path, rows, columns);
    const file = await openModelFile(path);
    const [tensor] = file.weights.tensors;
    if (tensor === undefined) throw new Error('The file has no tensor.');
    const source = await openFileSource(path);
    const buffer = new Uint8Array(PIECE_BYTES);
    const read = async (): Promise<void> => {
      for (let at = 0; at < source.size; at += PIECE_BYTES)
        await source.readInto?.(at, buffer.subarray(0, Math.min(PIECE_BYTES, source.size - at)));
    };
    await read();
    const threads = countingThreads(new URL('./counting.mjs', import.meta.url));
    const counting = (): Promise<unknown> => tensorStatistics(tensor, {}, threads.countPatterns);
    const times = await timeInTurn({ reading: read, counting }, 0);
    await threads.close();
    await file.close();
    await source.close();
    const speed = ({ wall }: Turn): string => `${(source.size / 1e6 / wall).toFixed(2)} GB/s`;
    note(
      `${(rows * columns).toLocaleString('en-GB')} elements, ${(source.size / 1e9).toFixed(1)} GB: ` +
        `statistics ${speed(times.counting)}, reading ${speed(times.reading)}`,
    );
    return reportRatio('statistics / reading the file from cache, time', times.counting, times.reading, 2);
  });
}

/** Numbers like those of a layer: a bell of width 0.02; a stretch of them again and again. */
function writeHalves(path: string, rows: number, columns: number): void {
  const header = Buffer.from(
    JSON.stringify({ w: { dtype: 'F16', shape: [rows, columns], data_offsets: [0, rows * columns * 2] } }).padEnd(512),
  );
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  const stretch = Uint16Array.from({ length: 8e6 }, (_, at) => {
    const [u, v] = [((at * 0.754877666) % 1) + 1e-9, (at * 0.569840296) % 1];
    return encodeHalf(0.02 * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v));
  });
  const bytes = new Uint8Array(stretch.buffer);
  const file = openSync(path, 'w');
  writeSync(file, Buffer.concat([prefix, header]));
  for (let left = rows * columns * 2; left > 0; left -= bytes.length)
    writeSync(file, bytes, 0, Math.min(left, bytes.length));
  closeSync(file);
}

const TILE_MILLISECONDS = 50;
const PICTURE_SIDE = 4096;

function reportTile(what: string, { wall, cpu }: Turn): boolean {
  return report(what, wall, TILE_MILLISECONDS, 'ms', `CPU time ${cpu.toFixed(0)} ms`);
}

/** Tiles of a picture of 4,096 × 4,096 values: the whole of it in few pixels, and single values. */
export function measureTiles(seconds: number): Promise<boolean> {
  return inFolder(async (folder) => {
    const path = join(folder, 'm.safetensors');
    writeHalves(path, PICTURE_SIDE, PICTURE_SIDE);
    const file = await openModelFile(path);
    const [tensor] = file.weights.tensors;
    if (tensor === undefined) throw new Error('The file has no tensor.');
    const part = (from: number, length: number, step: number): TileRequest => ({
      rows: [from, from + length],
      columns: [from, from + length],
      rowStep: step,
      columnStep: step,
      reduction: 'mean',
    });
    const tile = (of: WeightTensor, request: TileRequest) => () => pictureTile(of, defaultPicture(of.dims), request);
    const times = await timeInTurn(
      {
        whole: tile(tensor, part(0, PICTURE_SIDE, 16)),
        half: tile(tensor, part(1024, 2048, 8)),
        single: tile(tensor, part(2000, 256, 1)),
      },
      seconds / 2,
    );
    await file.close();
    return [
      reportTile('tile of the whole picture, 256 × 256 blocks', times.whole),
      reportTile('tile of a quarter, 256 × 256 blocks', times.half),
      reportTile('tile of 256 × 256 single values', times.single),
    ].every(Boolean);
  });
}
