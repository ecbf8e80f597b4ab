/** The manifest says what works in workspaces that are not trusted or not on disk: it must be so. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { readSettings } from '../../../src/host/settings.js';
import { whyNotOnDisk } from '../../../src/host/on-disk.js';
import { createSession } from '../../../src/host/session/session.js';
import type { OpenRequest, WorkerApi } from '../../../src/protocol/worker-api.js';

const workspace = vi.hoisted(() => ({
  isTrusted: true,
  getConfiguration: () => ({ get: (key: string, otherwise: unknown) => (key === 'engine' ? 'native' : otherwise) }),
}));
vi.mock('vscode', () => ({ workspace }));

interface Capabilities {
  readonly untrustedWorkspaces: { readonly description: string; readonly restrictedConfigurations: readonly string[] };
  readonly virtualWorkspaces: { readonly description: string };
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { capabilities } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { capabilities: Capabilities };
const uri = { scheme: 'file', toString: () => 'file:///m.onnx' };

beforeEach(() => {
  workspace.isTrusted = true;
});

describe('until the workspace is trusted', () => {
  it('models run in the WebAssembly engine only, whatever the setting says', () => {
    expect(capabilities.untrustedWorkspaces.description).toContain('only in the sandboxed WebAssembly engine');
    expect(readSettings(uri as never, '/cache').engine).toBe('native');
    workspace.isTrusted = false;
    expect(readSettings(uri as never, '/cache').engine).toBe('wasm');
    expect(capabilities.untrustedWorkspaces.restrictedConfigurations).toEqual(['modelInspector.engine']);
  });

  it.each([
    [false, 'model-folder'],
    [true, 'anywhere'],
  ])('recipe files may name files in the model’s folder only: trusted %s', async (trusted, recipePaths) => {
    expect(capabilities.untrustedWorkspaces.description).toContain('only files in the model’s folder');
    const asked: OpenRequest[] = [];
    const session = createSession({
      path: '/models/a.onnx',
      fileName: 'a.onnx',
      version: '1.0.0',
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      memory: {
        selection: () => ({}),
        setSelection: () => undefined,
        sizes: () => undefined,
        answers: () => ({}),
        setAnswers: () => undefined,
        dictionary: () => undefined,
        setDictionary: () => undefined,
        transcoders: () => undefined,
        setTranscoders: () => undefined,
        setSizes: () => undefined,
        recipe: () => undefined,
        setRecipe: () => undefined,
      },
      trusted: () => trusted,
      settings: () => ({ engine: 'wasm', threads: 0, defaultInputs: 200, cacheMegabytes: 512 }),
      startWorker: () => {
        const open = (request: OpenRequest): Promise<never> => {
          asked.push(request);
          return Promise.reject(new Error('enough'));
        };
        return { api: { open } as unknown as WorkerApi, stop: async () => undefined };
      },
    });
    await session.open();
    expect(asked.map((request) => request.recipePaths)).toEqual([recipePaths]);
  });
});

describe('in a virtual workspace', () => {
  it.each(['vscode-vfs', 'untitled', 'git', 'http', 'vscode-remote'])('a file is refused, with why: %s', (scheme) => {
    expect(capabilities.virtualWorkspaces.description).toContain('only files on disk open');
    const found = whyNotOnDisk({ scheme, toString: () => `${scheme}://a/m.onnx` });
    expect(found).toMatchObject({ kind: 'file-unreadable', place: `${scheme}://a/m.onnx` });
    expect(found?.remedy).toContain('Download');
  });

  it('a file on disk opens', () => expect(whyNotOnDisk(uri)).toBe(undefined));
});
