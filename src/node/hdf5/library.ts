/**
 * The HDF5 library compiled to WebAssembly, shut in: it sees one file, the one that it is asked about, in a file system
 * in memory that holds nothing else. For the thread only.
 */
import { problemText } from './library-errors.js';
import type { Hdf5Type } from './types.js';

/** What we use of h5wasm's functions; its own declarations also bring those of Emscripten into every file. */
export interface Hdf5Functions {
  readonly HEAPU8: Uint8Array;
  readonly FS: {
    mknod(path: string, mode: number, device: number): MemoryNode;
    unlink(path: string): void;
    readonly ErrnoError: new (code: number) => Error;
  };
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  UTF8ToString(pointer: number, maximumBytes: number): string;
  open(name: string, mode: number, trackOrder: boolean, lowest: number, highest: number): bigint;
  close_file(file: bigint): number;
  get_names(file: bigint, path: string, recursive: boolean): string[];
  get_type(file: bigint, path: string): number;
  get_symbolic_link(file: bigint, path: string): string | null;
  get_external_link(file: bigint, path: string): { readonly filename?: string };
  get_attribute_names(file: bigint, path: string): string[];
  get_attribute_metadata(file: bigint, path: string, name: string): Hdf5Metadata;
  get_attribute_data(file: bigint, path: string, name: string, pointer: bigint): number;
  reclaim_vlen_memory(file: bigint, path: string, name: string, pointer: bigint): number;
  get_dataset_metadata(file: bigint, path: string): Hdf5Metadata;
  get_dataset_filters(file: bigint, path: string): readonly { readonly id: number; readonly name: string }[];
  get_dataset_data(
    file: bigint,
    path: string,
    count: readonly bigint[] | null,
    offset: readonly bigint[] | null,
    strides: readonly bigint[] | null,
    pointer: bigint,
  ): number;
  get_plugin_search_paths(): string[];
  remove_plugin_search_path(index: number): number;
}

export interface Hdf5Metadata extends Hdf5Type {
  /** null: holds nothing. */
  readonly shape: readonly number[] | null;
  readonly chunks: readonly number[] | null;
  readonly virtual_sources?: readonly { readonly file_name: string }[];
}

interface MemoryNode {
  usedBytes: number;
  stream_ops: object;
}

/** Fills the array with the bytes of a file from an offset on; false where they cannot be had. */
export type ReadBytes = (offset: number, target: Uint8Array) => boolean;

export interface Hdf5Library {
  readonly functions: Hdf5Functions;
  /** What the library has complained about since it was asked last, in its own words. */
  takeComplaint(): string | undefined;
  /** Opens a file instead of the last one. @throws Error with the library's reason. */
  open(size: number, read: ReadBytes): bigint;
}

const PAGE_BYTES = 64 * 1024;
/** What the library itself takes, and what it may take for a file beside that. */
const LIBRARY_BYTES = 20 * 1024 * 1024;
const BASE_BYTES = 32 * 1024 * 1024;
const BYTES_PER_FILE_BYTE = 3;
const MAXIMUM_BYTES = 1024 * 1024 * 1024;

const FILE_NAME = 'file.h5';
const REGULAR_READABLE = 0o100444;
const INPUT_OUTPUT_ERROR = 29;

/** Loads the library. It writes its errors to the console: they are kept, not shown. */
export async function loadLibrary(): Promise<Hdf5Library> {
  let lines: string[] = [];
  console.log =
    console.error =
    console.warn =
      (...parts: unknown[]) => {
        if (lines.length < MAXIMUM_LINES) lines.push(parts.join(' '));
      };
  let limit = MAXIMUM_BYTES;
  limitMemory(() => limit);
  const functions = (await (await import('h5wasm')).ready) as unknown as Hdf5Functions;
  // Filters that a file asks for are never looked for.
  while (functions.get_plugin_search_paths().length > 0) functions.remove_plugin_search_path(0);
  const takeComplaint = (): string | undefined => {
    const taken = lines;
    lines = [];
    return taken.length === 0 ? undefined : problemText(taken);
  };
  let opened: bigint | undefined;
  return {
    functions,
    takeComplaint,
    open(size, read) {
      if (opened !== undefined) {
        functions.close_file(opened);
        functions.FS.unlink(FILE_NAME);
        opened = undefined;
      }
      limit = Math.min(MAXIMUM_BYTES, LIBRARY_BYTES + BASE_BYTES + BYTES_PER_FILE_BYTE * size);
      takeComplaint();
      mount(functions, size, read);
      const file = functions.open(FILE_NAME, 0, false, -1, -1);
      if (file <= 0n) {
        functions.FS.unlink(FILE_NAME);
        throw new Error(takeComplaint() ?? 'it is not an HDF5 file');
      }
      opened = file;
      return file;
    },
  };
}

const MAXIMUM_LINES = 500;

/** What there is of WebAssembly's memory in this: no library of types that we use has it. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** WebAssembly memory belongs to no heap that Node limits: what grows beyond the limit is refused, as if there were none. */
function limitMemory(limit: () => number): void {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: { prototype: WasmMemory } } };
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function (this: WasmMemory, pages: number): number {
    if (this.buffer.byteLength + pages * PAGE_BYTES > limit())
      throw new RangeError('More memory than a file may take.');
    return grow.call(this, pages);
  };
}

/** A file in the file system in memory whose bytes come from outside when they are read. */
function mount({ FS }: Hdf5Functions, size: number, read: ReadBytes): void {
  const node = FS.mknod(FILE_NAME, REGULAR_READABLE, 0);
  node.usedBytes = size;
  node.stream_ops = {
    llseek: 'llseek' in node.stream_ops ? node.stream_ops.llseek : undefined,
    read(_stream: unknown, buffer: Int8Array, offset: number, length: number, position: number): number {
      const wanted = Math.max(0, Math.min(length, size - position));
      const target = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, wanted);
      if (!read(position, target)) throw new FS.ErrnoError(INPUT_OUTPUT_ERROR);
      return wanted;
    },
  };
}
