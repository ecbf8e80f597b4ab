import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

describe("the extension host's bundle", () => {
  it('is small and loads no library at activation', async () => {
    const { outputFiles, metafile } = await build({
      absWorkingDir: root,
      entryPoints: ['src/host/extension.ts'],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['vscode'],
      write: false,
      metafile: true,
      logLevel: 'error',
    });
    const [bundle] = outputFiles;
    expect(bundle?.contents.byteLength).toBeLessThan(150_000);
    expect(
      Object.keys(metafile.inputs).filter(
        (input) =>
          !/^src\/(host|protocol|core\/(display-text|errors|markup|dataset\/(recipe-path|text\/tokenizer-names)|passes\/(words|sort-findings)))/.test(
            input,
          ),
      ),
    ).toEqual([]);
  });
});

describe('the third-party notices', () => {
  const notices = readFileSync(join(root, 'THIRD_PARTY_NOTICES.md'), 'utf8');
  const listed = [...notices.matchAll(/^## (\S+) (\S+) \(/gm)].map(([, name = '', version = '']) => ({
    name,
    version,
  }));

  it('name both builds of the engine, the decoders and the page', () => {
    const names = listed.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'onnxruntime-node',
        'onnxruntime-web',
        '@bufbuild/protobuf',
        '@huggingface/tokenizers',
        'h5wasm',
        'preact',
        'chart.js',
      ]),
    );
  });

  it.each(listed)('$name $version is the version that is installed', ({ name, version }) => {
    const manifest = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as unknown;
    expect(manifest).toMatchObject({ version });
  });
});
