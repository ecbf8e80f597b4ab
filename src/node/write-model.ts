/** Writes a model beside others: under a name of its own, whole or not at all. */
import { existsSync, statSync } from 'node:fs';
import { access, constants, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { problem, ProblemError, throwIfCancelled } from '../core/errors.js';
import type { EncodedFile, EncodedModel } from '../core/formats/onnx/encode-model.js';

export interface ModelTarget {
  /** Absolute path of the new model. */
  readonly path: string;
  /** Name of the file beside it that holds its weights, where there is one. */
  readonly externalName?: string;
  /** Whether a file of this name may be replaced: somebody was asked. */
  readonly replace: boolean;
}

/** @param originals files that must stay as they are. @throws ProblemError `file-unwritable` why nothing can be written there. */
export async function checkTarget(
  { path, externalName, replace }: ModelTarget,
  originals: readonly string[],
): Promise<void> {
  const folder = dirname(path);
  const refuse = (message: string, remedy: string): ProblemError =>
    problem('file-unwritable', message, { place: path, remedy });
  const facts = await stat(folder).catch(() => undefined);
  if (facts?.isDirectory() !== true) throw refuse(`There is no folder ${folder}.`, 'Choose a folder that exists.');
  await access(folder, constants.W_OK).catch(() => {
    throw refuse(`The folder ${folder} may not be written to.`, 'Choose a folder that you may write to.');
  });
  const beside = externalName === undefined ? undefined : join(folder, externalName);
  for (const target of [path, beside]) {
    if (target !== undefined && originals.some((original) => isSameFile(original, target))) {
      throw refuse(
        'This would replace the model itself or its weights.',
        'Choose another name: the original stays as it is.',
      );
    }
  }
  const exists = await stat(path).catch(() => undefined);
  if (exists !== undefined && !exists.isFile()) throw refuse(`${basename(path)} is no file.`, 'Choose another name.');
  if (exists !== undefined && !replace)
    throw refuse(`${basename(path)} exists already.`, 'Choose another name, or remove it first.');
  if (exists === undefined && beside !== undefined && existsSync(beside)) {
    throw refuse(
      `${basename(beside)}, where its weights would go, exists already.`,
      'Choose another name, or remove it first.',
    );
  }
}

/** By what they are on disk: links and other spellings lead to the same. */
function isSameFile(a: string, b: string): boolean {
  if (resolve(a) === resolve(b)) return true;
  try {
    const [one, other] = [statSync(a, { bigint: true }), statSync(b, { bigint: true })];
    return one.dev === other.dev && one.ino === other.ino;
  } catch {
    return false;
  }
}

/**
 * Writes into a folder of its own beside the target, has it checked there, and moves it only then; whatever fails or is
 * cancelled leaves nothing behind.
 * @param check told the path of the finished model under its final name, in the folder that is not final.
 * @throws ProblemError `file-unwritable` as the system says; whatever the check and the sources throw; CancelledError.
 */
export async function writeModel<Checked>(
  target: ModelTarget,
  encoded: EncodedModel,
  check: (path: string) => Promise<Checked>,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (share: number) => void },
): Promise<Checked> {
  const { path, externalName } = target;
  const total = encoded.main.bytes + (encoded.external?.bytes ?? 0);
  let done = 0;
  const write = async (file: string, { parts }: EncodedFile): Promise<void> => {
    const handle = await open(file, 'wx');
    try {
      for await (const part of parts()) {
        throwIfCancelled(signal);
        await handle.writeFile(part);
        done += part.byteLength;
        onProgress(done / Math.max(1, total));
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
  let folder: string | undefined;
  try {
    folder = await mkdtemp(join(dirname(path), '.model-inspector-'));
    const main = join(folder, basename(path));
    const external = externalName === undefined ? undefined : join(folder, externalName);
    if (external !== undefined && encoded.external !== undefined) await write(external, encoded.external);
    await write(main, encoded.main);
    const checked = await check(main);
    throwIfCancelled(signal);
    if (external !== undefined && externalName !== undefined && encoded.external !== undefined) {
      await rename(external, join(dirname(path), externalName));
    }
    await rename(main, path);
    return checked;
  } catch (error) {
    throw asUnwritable(error, path);
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** What the system says, as a problem; everything else as it is. */
function asUnwritable(error: unknown, path: string): unknown {
  if (error instanceof ProblemError || !(error instanceof Error) || !('code' in error) || !('syscall' in error))
    return error;
  const code = String(error.code);
  const [reason, remedy] = REASONS[code] ?? [`the system says ${code}`, 'Choose another folder.'];
  return problem('file-unwritable', `The model could not be written: ${reason}. Nothing is left of it.`, {
    place: path,
    remedy,
  });
}

const REASONS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  ENOSPC: ['the disk is full', 'Make room on the disk, or choose a folder on another.'],
  EDQUOT: ['the disk is full', 'Make room on the disk, or choose a folder on another.'],
  EACCES: ['the folder may not be written to', 'Choose a folder that you may write to.'],
  EPERM: ['the folder may not be written to', 'Choose a folder that you may write to.'],
  EROFS: ['the disk is read-only', 'Choose a folder on a disk that can be written to.'],
};
