/** Seeded changes to files: what a bad disk, a cut line or a bad mind does. */
import { encodeVarint } from '../../src/core/formats/onnx/wire.js';
import type { FuzzCase } from './format.js';
import type { Random } from './random.js';

/** Lengths and counts around which readers go wrong. */
const HOSTILE_NUMBERS: readonly bigint[] = [
  0n,
  1n,
  255n,
  65535n,
  65536n,
  ...[31n, 32n, 53n, 63n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits, 2n ** bits + 1n]),
  2n ** 64n - 1n,
];

interface Target {
  readonly bytes: Uint8Array;
  /** Where something begins, sorted; never empty. */
  readonly boundaries: readonly number[];
  /** Another file, to take pieces of. */
  readonly other: Uint8Array;
}

type Mutation = (target: Target, random: Random) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  flipBits,
  overwriteNumber,
  overwriteNumber,
  overwriteNumber,
  overwriteDecimal,
  changeLength,
  truncate,
  deletePiece,
  repeatPiece,
  swapPieces,
  splice,
  insertRandom,
];

/**
 * A file of the corpus with one to four changes; where it is a set of files, most often of the first.
 * @param boundaries of the format, if it has any.
 */
export function mutated(
  corpus: readonly FuzzCase[],
  random: Random,
  boundaries: ((bytes: Uint8Array) => readonly number[]) | undefined,
): FuzzCase {
  const base = random.pick(corpus);
  const change = (original: Uint8Array): Uint8Array => {
    let bytes = original;
    const changes = random.pick([1, 1, 1, 2, 2, 3, 4]);
    for (let count = 0; count < changes && bytes.length > 0; count++) {
      const starts = boundaries?.(bytes) ?? [];
      const target = { bytes, boundaries: starts.length > 0 ? starts : [0], other: random.pick(corpus).bytes };
      bytes = random.pick(MUTATIONS)(target, random);
    }
    return bytes;
  };
  const names = [...(base.siblings?.keys() ?? [])];
  if (base.siblings === undefined || names.length === 0 || random.chance(0.6))
    return { ...base, bytes: change(base.bytes) };
  const siblings = new Map(base.siblings);
  const name = random.pick(names);
  if (random.chance(0.2)) siblings.delete(name);
  else siblings.set(name, change(siblings.get(name) ?? new Uint8Array(0)));
  return { ...base, siblings };
}

/** Somewhere: most often where something begins, or shortly behind. */
function position({ bytes, boundaries }: Target, random: Random): number {
  const near = random.chance(0.6) ? random.pick(boundaries) + random.below(24) : random.below(bytes.length);
  return Math.min(near, bytes.length - 1);
}

/** A piece between two places where something begins. */
function piece({ bytes, boundaries }: Target, random: Random): { start: number; end: number } {
  const first = random.below(boundaries.length);
  const start = Math.min(boundaries[first] ?? 0, bytes.length);
  const next = boundaries[first + random.between(1, 4)];
  const end = next === undefined || random.chance(0.2) ? start + random.between(1, 64) : next;
  return { start, end: Math.min(Math.max(start, end), bytes.length) };
}

function flipBits(target: Target, random: Random): Uint8Array {
  const bytes = Uint8Array.from(target.bytes);
  for (let count = random.pick([1, 1, 2, 8]); count > 0; count--) {
    const at = position(target, random);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  }
  return bytes;
}

/** A number of 1 to 8 bytes, of either byte order, or as a varint, becomes one that is hard to bear. */
function overwriteNumber(target: Target, random: Random): Uint8Array {
  const bytes = Uint8Array.from(target.bytes);
  const at = position(target, random);
  const value = random.chance(0.3) ? BigInt(target.bytes.length + random.between(-2, 2)) : random.pick(HOSTILE_NUMBERS);
  if (random.chance(0.2)) {
    const varint = encodeVarint(Number(value & (2n ** 52n - 1n)));
    return joined(bytes.subarray(0, at), varint, bytes.subarray(at + 1));
  }
  const size = random.pick([1, 2, 4, 4, 8, 8]);
  const isBig = random.chance(0.15);
  for (let index = 0; index < size && at + index < bytes.length; index++)
    bytes[at + index] = Number((value >> BigInt(8 * (isBig ? size - 1 - index : index))) & 255n);
  return bytes;
}

/** A number that is spelled in digits becomes another. */
function overwriteDecimal(target: Target, random: Random): Uint8Array {
  const { bytes } = target;
  const from = position(target, random);
  const isDigit = (at: number): boolean => (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39;
  let start = from;
  while (start < bytes.length && !isDigit(start)) start++;
  let end = start;
  while (end < bytes.length && isDigit(end)) end++;
  const value = random.pick([
    ...HOSTILE_NUMBERS.map(String),
    '-1',
    '1e400',
    '0.5',
    '""',
    '[]',
    'null',
    '9'.repeat(400),
  ]);
  return joined(bytes.subarray(0, start), new TextEncoder().encode(value), bytes.subarray(end));
}

/** A number that may be a length becomes a little larger or smaller. */
function changeLength(target: Target, random: Random): Uint8Array {
  const bytes = Uint8Array.from(target.bytes);
  const at = position(target, random);
  bytes[at] = (bytes[at] ?? 0) + random.between(-4, 4);
  return bytes;
}

function truncate(target: Target, random: Random): Uint8Array {
  return target.bytes.slice(0, random.chance(0.5) ? position(target, random) : random.below(target.bytes.length));
}

function deletePiece(target: Target, random: Random): Uint8Array {
  const { start, end } = piece(target, random);
  return joined(target.bytes.subarray(0, start), target.bytes.subarray(end));
}

function repeatPiece(target: Target, random: Random): Uint8Array {
  const { start, end } = piece(target, random);
  const times = random.pick([1, 1, 2, 20]);
  const repeated = Array.from({ length: times }, () => target.bytes.subarray(start, Math.min(end, start + 10_000)));
  return joined(target.bytes.subarray(0, end), ...repeated, target.bytes.subarray(end));
}

function swapPieces(target: Target, random: Random): Uint8Array {
  const [a, b] = [piece(target, random), piece(target, random)].sort((x, y) => x.start - y.start);
  if (a === undefined || b === undefined || a.end > b.start) return flipBits(target, random);
  const { bytes } = target;
  return joined(
    bytes.subarray(0, a.start),
    bytes.subarray(b.start, b.end),
    bytes.subarray(a.end, b.start),
    bytes.subarray(a.start, a.end),
    bytes.subarray(b.end),
  );
}

/** The beginning of one file and the end of another. */
function splice(target: Target, random: Random): Uint8Array {
  const start = random.below(target.other.length + 1);
  return joined(target.bytes.subarray(0, position(target, random)), target.other.subarray(start));
}

function insertRandom(target: Target, random: Random): Uint8Array {
  const at = position(target, random);
  const inserted = random.chance(0.5)
    ? random.bytes(random.between(1, 32))
    : new Uint8Array(random.pick([1, 100, 5000])).fill(random.below(256));
  return joined(target.bytes.subarray(0, at), inserted, target.bytes.subarray(at));
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of pieces) {
    whole.set(each, at);
    at += each.length;
  }
  return whole;
}
