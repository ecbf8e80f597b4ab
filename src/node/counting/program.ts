/**
 * A program of WebAssembly that counts how often each bit pattern of 8 or 16 bits occurs. The same loop in JavaScript,
 * which checks every index, takes half as long again. It is put together here, instruction by instruction; in the text
 * format of WebAssembly it reads, for 16 bits:
 *
 *     (module
 *       (memory (export "memory") PAGES)
 *       (func (export "count") (param $at i32) (param $end i32) (local $counter i32)
 *         (loop $round
 *           ;; sixteen times, with PLACE = 0, 2, … 30
 *           (i32.store
 *             (local.tee $counter (i32.shl (i32.load16_u offset=PLACE (local.get $at)) (i32.const 2)))
 *             (i32.add (i32.load (local.get $counter)) (i32.const 1)))
 *           (br_if $round
 *             (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 32))) (local.get $end))))))
 *
 * The counters begin at byte 0 of its memory, what is counted lies behind them.
 * Source: WebAssembly Core Specification 1.0, section 5 (binary format).
 */

export interface CountingProgram {
  /** Where the bytes are put that are counted next. */
  readonly input: Uint8Array;
  /** How often each bit pattern occurred, 256 or 65,536 numbers: as long as nobody sets them back, below 2³² each. */
  readonly counts: Uint32Array;
  /** Counts the values that the first so many bytes of the input are. */
  count(bytes: number): void;
}

/** What there is of WebAssembly in this: no library of types that we use has it. */
interface Wasm {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer };
      readonly count: (at: number, end: number) => void;
    };
  };
}

/** Measured: fewer take longer, more no less. */
const VALUES_A_ROUND = 16;
const PAGE_BYTES = 65536;

/** @param inputBytes at most, a multiple of 32. */
export function countingProgram(bytesPerValue: 1 | 2, inputBytes: number): CountingProgram {
  const patterns = 256 ** bytesPerValue;
  const inputStart = patterns * 4;
  const pages = Math.ceil((inputStart + inputBytes) / PAGE_BYTES);
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Wasm };
  const { memory, count } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(bytesPerValue, pages))).exports;
  const input = new Uint8Array(memory.buffer, inputStart, inputBytes);
  const counts = new Uint32Array(memory.buffer, 0, patterns);
  const roundBytes = VALUES_A_ROUND * bytesPerValue;
  return {
    input,
    counts,
    count(bytes) {
      if (bytes === 0) return;
      // The last round is filled up with zeros, which are taken off again.
      const whole = Math.ceil(bytes / roundBytes) * roundBytes;
      input.fill(0, bytes, whole);
      count(inputStart, inputStart + whole);
      counts[0] = (counts[0] as number) - (whole - bytes) / bytesPerValue;
    },
  };
}

const I32 = 0x7f;
const NO_RESULT = 0x40;
const LOOP = 0x03;
const END = 0x0b;
const BRANCH_IF = 0x0d;
const LOCAL_GET = 0x20;
const LOCAL_TEE = 0x22;
const LOAD = 0x28;
const LOAD_8_UNSIGNED = 0x2d;
const LOAD_16_UNSIGNED = 0x2f;
const STORE = 0x36;
const CONSTANT = 0x41;
const LESS_UNSIGNED = 0x49;
const ADD = 0x6a;
const SHIFT_LEFT = 0x74;

/** Parameters are the first locals. */
const AT = 0;
const PAST = 1;
const COUNTER = 2;
/** Of an address, as a power of two: bytes of a word. */
const ALIGNED_TO_WORDS = 2;

function moduleBytes(bytesPerValue: 1 | 2, pages: number): Uint8Array<ArrayBuffer> {
  const loadValue = bytesPerValue === 1 ? [LOAD_8_UNSIGNED, 0] : [LOAD_16_UNSIGNED, 1];
  const countOne = (place: number): readonly number[] => [
    ...[LOCAL_GET, AT, ...loadValue, place],
    ...[CONSTANT, 2, SHIFT_LEFT, LOCAL_TEE, COUNTER],
    ...[LOCAL_GET, COUNTER, LOAD, ALIGNED_TO_WORDS, 0],
    ...[CONSTANT, 1, ADD, STORE, ALIGNED_TO_WORDS, 0],
  ];
  const places = Array.from({ length: VALUES_A_ROUND }, (_, value) => value * bytesPerValue);
  const code = [
    ...[LOOP, NO_RESULT, ...places.flatMap(countOne)],
    ...[LOCAL_GET, AT, CONSTANT, VALUES_A_ROUND * bytesPerValue, ADD, LOCAL_TEE, AT],
    ...[LOCAL_GET, PAST, LESS_UNSIGNED, BRANCH_IF, 0, END, END],
  ];
  const oneLocal = [1, 1, I32];
  return Uint8Array.from([
    ...[...text('\0asm'), 1, 0, 0, 0],
    // Types: one function of two parameters without a result.
    ...section(1, [1, 0x60, 2, I32, I32, 0]),
    // Functions: one of type 0.
    ...section(3, [1, 0]),
    // Memories: one, which need not grow.
    ...section(5, [1, 0, ...unsigned(pages)]),
    // Exports: function 0 (kind 0) and memory 0 (kind 2).
    ...section(7, [2, ...counted(text('count')), 0, 0, ...counted(text('memory')), 2, 0]),
    // Code: of one function.
    ...section(10, [1, ...counted([...oneLocal, ...code])]),
  ]);
}

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, ...counted(content)];
}

/** With its length before it. */
function counted(content: readonly number[]): readonly number[] {
  return [...unsigned(content.length), ...content];
}

/** LEB128. */
function unsigned(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...unsigned(Math.floor(value / 128))];
}

function text(characters: string): readonly number[] {
  return Array.from(characters, (character) => character.charCodeAt(0));
}
