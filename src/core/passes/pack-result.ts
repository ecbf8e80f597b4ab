/**
 * A result as named typed arrays plus JSON: what goes into a safetensors file, so that anyone can read it with one
 * line of Python. Arrays are named by their path, with the ids of list entries:
 * "passes/dead-units/unitMetrics/unit-firing-rate/values/relu1".
 */
export type PackedArray = Float32Array | Float64Array | Uint32Array | Int32Array;

export interface PackedResult {
  readonly arrays: ReadonlyMap<string, PackedArray>;
  /** The result with every typed array replaced by `{"$array": name}`. */
  readonly json: string;
}

/** Raised when the shape of results changes: older files are then not read. */
export const RESULT_FORMAT = 2;

const ARRAY_KEY = '$array';

export function packResult(result: object): PackedResult {
  const arrays = new Map<string, PackedArray>();
  const pack = (value: unknown, path: readonly string[]): unknown => {
    if (isPackedArray(value)) {
      const name = path.join('/');
      arrays.set(name, value);
      return { [ARRAY_KEY]: name };
    }
    if (Array.isArray(value)) {
      const counted = new Map<string, number>();
      return value.map((entry: unknown, index) => {
        const name = entryName(entry, index);
        const seen = counted.get(name) ?? 0;
        counted.set(name, seen + 1);
        return pack(entry, [...path, seen === 0 ? name : `${name}~${seen}`]);
      });
    }
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, pack(entry, [...path, key])]));
    }
    return value;
  };
  const json = JSON.stringify({ format: RESULT_FORMAT, result: pack(result, []) }, encodeNonFinite);
  return { arrays, json };
}

/** @returns undefined when the pack was written by another version of the format. */
export function unpackResult<T extends object>(packed: PackedResult): T | undefined {
  const parsed = JSON.parse(packed.json, decodeNonFinite) as { format?: unknown; result?: unknown };
  if (parsed.format !== RESULT_FORMAT) return undefined;
  const unpack = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(unpack);
    if (typeof value !== 'object' || value === null) return value;
    const name = (value as Record<string, unknown>)[ARRAY_KEY];
    if (typeof name === 'string') {
      const array = packed.arrays.get(name);
      if (array === undefined) throw new Error(`The result file lacks the array ${name}.`);
      return array;
    }
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, unpack(entry)]));
  };
  return unpack(parsed.result) as T;
}

function isPackedArray(value: unknown): value is PackedArray {
  return [Float32Array, Float64Array, Uint32Array, Int32Array].some((kind) => value instanceof kind);
}

function entryName(entry: unknown, index: number): string {
  if (typeof entry !== 'object' || entry === null) return String(index);
  const { id, pass, label } = entry as { id?: unknown; pass?: unknown; label?: unknown };
  const name = [id, pass, label].find((candidate) => typeof candidate === 'string');
  return typeof name === 'string' ? name : String(index);
}

// JSON has no NaN and no infinity, and a mean over nothing is NaN.
function encodeNonFinite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value;
}

function decodeNonFinite(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const text = (value as Record<string, unknown>).$number;
  return typeof text === 'string' ? Number(text) : value;
}
