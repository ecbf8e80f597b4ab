import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { asProblem } from '../../../src/core/errors.js';
import { openFileSource } from '../../../src/node/file-source.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-source-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const write = (name: string, bytes: Uint8Array = content): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const problemOf = (promise: Promise<unknown>): Promise<{ kind: string; message: string }> =>
  promise.then(() => ({ kind: 'none', message: '' }), asProblem);

describe('a file source', () => {
  it('reads any range of the file, as a source in memory does', async () => {
    const file = await openFileSource(write('a.bin'));
    const memory = memorySource('a.bin', content);
    expect(file.size).toBe(1000);
    for (const [offset, length] of [
      [0, 1000],
      [0, 0],
      [1000, 0],
      [17, 250],
      [999, 1],
    ] as const) {
      const expected = content.slice(offset, offset + length);
      expect(new Uint8Array(await file.read(offset, length))).toEqual(expected);
      expect(new Uint8Array(await memory.read(offset, length))).toEqual(expected);
    }
    await file.close();
    expect((await file.read(5, 1))[0]).toBe(5);
    await file.close();
  });

  it.each([
    [0, 1001],
    [1000, 1],
    [-1, 2],
    [0, -1],
    [0.5, 1],
    [2 ** 53, 1],
    [0, NaN],
  ])('refuses the range %d + %d, which is not in the file', async (offset, length) => {
    const file = await openFileSource(write('a.bin'));
    expect((await problemOf(file.read(offset, length))).kind).toBe('truncated-file');
    expect((await problemOf(memorySource('a', content).read(offset, length))).kind).toBe('truncated-file');
  });

  it('notices that the file was written, replaced or removed since it was opened', async () => {
    const path = write('a.bin');
    const file = await openFileSource(path);
    await file.read(0, 10);
    writeFileSync(path, content.slice(0, 500));
    expect((await problemOf(file.read(0, 10))).kind).toBe('file-changed');

    const touched = await openFileSource(path);
    utimesSync(path, new Date(), new Date(Date.now() + 5000));
    expect((await problemOf(touched.read(0, 10))).kind).toBe('file-changed');

    const replaced = await openFileSource(path);
    renameSync(write('b.bin', content.slice(0, 500)), path);
    expect((await problemOf(replaced.read(0, 10))).kind).toBe('file-changed');

    const removed = await openFileSource(path);
    unlinkSync(path);
    expect(await problemOf(removed.read(0, 10))).toMatchObject({
      kind: 'file-changed',
      message: expect.stringContaining('removed'),
    });
  });

  it('opens regular files only, and never hangs on a pipe', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const path of [folder, join(folder, 'pipe'), '/dev/zero', join(folder, 'absent')]) {
      expect((await problemOf(openFileSource(path))).kind).toBe('file-unreadable');
    }
  });
});

describe('files beside a model', () => {
  it('opens files in the folder and below it, also through links that stay inside', async () => {
    mkdirSync(join(folder, 'sub'));
    write('sub/weights.bin');
    symlinkSync('sub/weights.bin', join(folder, 'link.bin'));
    for (const path of ['sub/weights.bin', './sub/weights.bin', 'link.bin']) {
      const source = await siblingFiles(folder).open(path);
      expect(source.size).toBe(1000);
    }
  });

  it.each([
    '/etc/passwd',
    '../secret',
    'sub/../../secret',
    '..\\secret',
    'C:\\secret',
    'C:secret',
    '\\\\host\\share',
    '',
    'a\0b',
    '..',
  ])('refuses the path %j by name', async (path) => {
    const found = await problemOf(siblingFiles(folder).open(path));
    expect(found.kind).toBe('external-data-outside-folder');
    expect(found.message).toContain(path.replaceAll('\0', '␀'));
  });

  it('refuses links that leave the folder, to files, folders and devices', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'outside-'));
    writeFileSync(join(outside, 'secret'), 'x');
    symlinkSync(join(outside, 'secret'), join(folder, 'file'));
    symlinkSync(outside, join(folder, 'folder'));
    symlinkSync('/dev/zero', join(folder, 'device'));
    for (const path of ['file', 'folder/secret', 'device']) {
      expect((await problemOf(siblingFiles(folder).open(path))).kind).toBe('external-data-outside-folder');
    }
    rmSync(outside, { recursive: true });
  });

  it('opens one file of the folder above, from “checkpoints” only, and no link that leaves it', async () => {
    const checkpoints = join(folder, 'checkpoints');
    mkdirSync(checkpoints);
    mkdirSync(join(folder, 'other'));
    expect(siblingFiles(join(folder, 'other')).openHyperparameters).toBeUndefined();
    const above = (): Promise<unknown> => Promise.resolve(siblingFiles(checkpoints).openHyperparameters?.());
    expect((await problemOf(above())).kind).toBe('missing-external-data');
    write('hyperparams.json');
    expect(await above()).toMatchObject({ name: 'hyperparams.json', size: 1000 });
    expect((await problemOf(siblingFiles(checkpoints).open('../hyperparams.json'))).kind).toBe(
      'external-data-outside-folder',
    );
    unlinkSync(join(folder, 'hyperparams.json'));
    symlinkSync('/etc/passwd', join(folder, 'hyperparams.json'));
    expect((await problemOf(above())).kind).toBe('external-data-outside-folder');
  });

  it('names a file that is missing, and refuses folders and pipes', async () => {
    expect(await problemOf(siblingFiles(folder).open('gone.bin'))).toMatchObject({
      kind: 'missing-external-data',
      message: expect.stringContaining('gone.bin'),
    });
    mkdirSync(join(folder, 'sub'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect((await problemOf(siblingFiles(folder).open('sub'))).kind).toBe('file-unreadable');
    expect((await problemOf(siblingFiles(folder).open('pipe'))).kind).toBe('file-unreadable');
  });
});
