/**
 * Packages the extension into dist/vsix/: once universal (WebAssembly only) and once per platform with the native engine.
 * `node scripts/package.mjs [target …]`; without targets, the universal one and the one of this machine.
 */
import { createVSIX, listFiles, PackageManager } from '@vscode/vsce';
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAll } from './build.mjs';
import { nativeTargets, stageNativeEngine } from './native-engine.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const universal = 'universal';
/** Its name inside the copy, which .vscodeignore does not let through. */
const packed = 'packed.vsix';
const limitMegabytes = { universal: 12, platform: 35 };

/**
 * @param {readonly string[]} targets
 * @returns {Promise<{ target: string, path: string, megabytes: number }[]>}
 */
async function packageAll(targets) {
  const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const folder = join(root, 'dist/vsix');
  await mkdir(folder, { recursive: true });
  await buildAll();
  const made = [];
  for (const target of targets) {
    const path = join(folder, `${name}-${version}-${target}.vsix`);
    await packageTarget(target, path);
    const megabytes = (await stat(path)).size / 1e6;
    const limit = target === universal ? limitMegabytes.universal : limitMegabytes.platform;
    if (megabytes > limit) throw new Error(`${path} has ${megabytes.toFixed(1)} MB, more than ${limit} MB.`);
    made.push({ target, path, megabytes });
  }
  return made;
}

/**
 * Packages a copy of what .vscodeignore lets through, so that a platform's binaries never lie among the build's files.
 *
 * @param {string} target
 * @param {string} path
 */
async function packageTarget(target, path) {
  const stage = await mkdtemp(join(tmpdir(), 'model-inspector-package-'));
  try {
    const files = await listFiles({ cwd: root, packageManager: PackageManager.None });
    for (const file of [...files, '.vscodeignore']) await cp(join(root, file), join(stage, file));
    const native = target === universal ? undefined : target;
    if (native !== undefined) await stageNativeEngine(root, native, stage);
    await createVSIX({
      cwd: stage,
      packagePath: join(stage, packed),
      target: native,
      dependencies: false,
      allowMissingRepository: true,
      // There is no address on the network from which pictures could be shown.
      rewriteRelativeLinks: false,
    });
    // In one step: somebody may be installing the last one.
    await cp(join(stage, packed), `${path}.new`);
    await rename(`${path}.new`, path);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const here = `${process.platform}-${process.arch}`;
  const asked = process.argv.slice(2);
  const targets = asked.length > 0 ? asked : [universal, ...nativeTargets.filter((target) => target === here)];
  const unknown = targets.find((target) => target !== universal && !nativeTargets.includes(target));
  if (unknown !== undefined) {
    console.error(`No package for “${unknown}”. There are: ${[universal, ...nativeTargets].join(', ')}.`);
    process.exit(1);
  }
  for (const { target, path, megabytes } of await packageAll(targets)) {
    console.log(`${target}: ${path} (${megabytes.toFixed(1)} MB)`);
  }
}
