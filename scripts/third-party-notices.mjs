/** The licences of everything that is shipped: packages in the bundles, and those that are shipped beside them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Shipped as files, not in a bundle: WebAssembly, and the native library of platform packages. */
const shippedAsFiles = ['onnxruntime-common', 'onnxruntime-node', 'onnxruntime-web'];

/**
 * @param {readonly string[]} inputs paths of bundled files, relative to the repository
 * @returns {string[]} package names, sorted
 */
export function packagesOf(inputs) {
  const names = new Set(shippedAsFiles);
  for (const input of inputs) {
    const inside = input.split('node_modules/').at(-1);
    if (inside === undefined || inside === input) continue;
    const [first, second] = inside.split('/');
    names.add(first?.startsWith('@') ? `${first}/${second}` : (first ?? ''));
  }
  return [...names].sort();
}

/**
 * @param {string} root the repository
 * @param {readonly string[]} packages names
 */
export async function noticesText(root, packages) {
  const sections = await Promise.all(packages.map((name) => section(root, name)));
  return `# Third-party notices

Model Inspector contains the packages below. This file is written by the build.

${sections.join('\n')}`;
}

/**
 * @param {string} root
 * @param {string} name
 */
async function section(root, name) {
  const folder = join(root, 'node_modules', name);
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const author = typeof manifest.author === 'string' ? manifest.author : manifest.author?.name;
  const text =
    file === undefined
      ? `Licence: ${manifest.license}${author === undefined ? '' : `, ${author}`}. The package carries no licence file.`
      : (await readFile(join(folder, file), 'utf8')).trim();
  return `## ${name} ${manifest.version} (${manifest.license})\n\n${text.replaceAll('\r\n', '\n').replace(/^/gm, '> ')}\n`;
}
