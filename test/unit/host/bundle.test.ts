import { readdirSync, readFileSync } from 'node:fs';
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
          !/^src\/(host|protocol|core\/(display-text|errors|markup|dataset\/(input-ranges|recipe-path|told-lines|text\/tokenizer-names)|experiment\/allowed-loss-increase|features\/labels|passes\/(words|sort-findings)|pruning\/(tolerance|unit-sources|words)))/.test(
            input,
          ),
      ),
    ).toEqual([]);
  });
});

describe('the programs of threads', () => {
  const started = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [...readFileSync(join(root, 'src', path), 'utf8').matchAll(/new URL\('\.\/(\w+\.mjs)'/g)])
    .map(([, name = '']) => name);

  it.each([...started, 'worker.mjs'])('%s is built and shipped beside the bundle that starts it', (name) => {
    expect(readFileSync(join(root, 'scripts/build.mjs'), 'utf8')).toContain(`outfile: 'dist/${name}'`);
    expect(readFileSync(join(root, '.vscodeignore'), 'utf8').split('\n')).toContain(`!dist/${name}`);
  });

  it('are those of the threads that there are', () => {
    expect(started.toSorted()).toEqual(['counting.mjs', 'hdf5.mjs']);
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
