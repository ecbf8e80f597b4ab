import { readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { problem } from '../core/errors.js';
import type { RunnableModel } from '../core/formats/onnx/runnable-model.js';
import { resolveInside } from './sibling-files.js';

/** A wasm memory ends at 4 GiB, and so do the offsets with which it asks for weights. */
const LARGEST_FILE_BYTES = 2 ** 32 - 1;

export interface WeightFiles {
  /** What onnxruntime-web takes as `externalData`. */
  readonly files: { readonly path: string; readonly data: Uint8Array }[];
  close(): Promise<void>;
}

/**
 * The weight files of a model, read range by range while a session is made: the engine copies each tensor into its own
 * memory, so holding the whole file as well would cost its size once more.
 * @throws ProblemError `missing-external-data`, `external-data-outside-folder` or `out-of-memory`.
 */
export async function openWeightFiles(model: RunnableModel): Promise<WeightFiles> {
  const handles: FileHandle[] = [];
  const close = async () => {
    await Promise.all(handles.map((handle) => handle.close()));
  };
  try {
    const files: WeightFiles['files'] = [];
    for (const path of model.externalFiles) {
      const handle = await open(resolveInside(model.folder, path), 'r');
      handles.push(handle);
      files.push({ path, data: fileAsBytes(handle.fd, path, (await handle.stat()).size) });
    }
    return { files, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * A Uint8Array in everything that onnxruntime-web asks of it (`byteLength`, `subarray`), backed by the file.
 */
function fileAsBytes(descriptor: number, path: string, size: number): Uint8Array {
  if (size > LARGEST_FILE_BYTES) {
    throw problem('out-of-memory', `“${path}” is larger than the 4 GB that WebAssembly can hold.`, {
      place: path,
      remedy: 'Use the native engine.',
    });
  }
  return Object.create(Uint8Array.prototype, {
    byteLength: { value: size },
    length: { value: size },
    subarray: { value: (start: number, end: number) => readRange(descriptor, start, end - start) },
  }) as Uint8Array;
}

function readRange(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(descriptor, bytes, done, length - done, offset + done);
    if (count === 0) throw new Error('external data file ended early');
    done += count;
  }
  return bytes;
}
