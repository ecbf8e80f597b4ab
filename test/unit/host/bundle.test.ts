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
        (input) => !/^src\/(host|protocol|worker\/channel|core\/errors|core\/dataset\/recipe-path)/.test(input),
      ),
    ).toEqual([]);
  });
});

describe('the third-party notices', () => {
  it('name every package that is shipped, in the version that is installed', () => {
    const notices = readFileSync(join(root, 'THIRD_PARTY_NOTICES.md'), 'utf8');
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const name of Object.keys(dependencies)) {
      const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as {
        version: string;
      };
      expect(notices).toContain(`## ${name} ${version} (`);
    }
  });
});
