/**
 * Lays the native engine's package beside the bundle, in dist/node_modules, where the worker's import finds it: the
 * JavaScript, and of the binaries only those of one platform that a CPU run needs.
 */
import { cp, mkdir, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Targets of `vsce package` for which onnxruntime-node has binaries. */
export const nativeTargets = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

/**
 * The binding and the library it links to. Left out: DirectML and the shader compilers (Windows loads them only when a
 * GPU provider is asked for: they are delay-loaded), and a second copy of the library (macOS).
 */
const neededBinaries = new Set([
  'onnxruntime_binding.node',
  'libonnxruntime.so.1',
  'libonnxruntime.1.dylib',
  'onnxruntime.dll',
]);

/**
 * @param {string} root the repository
 * @param {string} target one of {@link nativeTargets}
 * @param {string} stage folder of the extension to be packaged
 */
export async function stageNativeEngine(root, target, stage) {
  const modules = join(stage, 'dist/node_modules');
  const binaries = `bin/napi-v6/${target.replace('-', '/')}`;
  await copyPackage(root, modules, 'onnxruntime-common', ['dist/cjs', 'package.json']);
  await copyPackage(root, modules, 'onnxruntime-node', ['dist', 'package.json']);
  const source = join(root, 'node_modules/onnxruntime-node', binaries);
  if (!existsSync(source)) throw new Error(`onnxruntime-node has no binaries for ${target}.`);
  const kept = (await readdir(source)).filter((file) => neededBinaries.has(file));
  if (kept.length !== 2) throw new Error(`Expected a binding and a library for ${target}, found ${kept.join(', ')}.`);
  await mkdir(join(modules, 'onnxruntime-node', binaries), { recursive: true });
  for (const file of kept) await cp(join(source, file), join(modules, 'onnxruntime-node', binaries, file));
}

/**
 * @param {string} root
 * @param {string} modules
 * @param {string} name
 * @param {readonly string[]} parts
 */
async function copyPackage(root, modules, name, parts) {
  for (const part of parts) {
    await cp(join(root, 'node_modules', name, part), join(modules, name, part), {
      recursive: true,
      filter: (path) => !/\.(map|d\.ts)$/.test(path),
    });
  }
}
