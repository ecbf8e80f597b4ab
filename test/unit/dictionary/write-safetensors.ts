import { writeFile } from 'node:fs/promises';

/** Dims of tensors whose numbers do not matter, or both. */
export type Shapes = Readonly<
  Record<string, readonly number[] | { readonly dims: readonly number[]; readonly values: readonly number[] }>
>;

export async function writeSafetensors(path: string, shapes: Shapes): Promise<void> {
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, given] of Object.entries(shapes)) {
    const { dims, values } = 'dims' in given ? given : { dims: given, values: undefined };
    const elements = dims.reduce((product, dim) => product * dim, 1);
    const data = new Uint8Array(
      Float32Array.from(values ?? Array.from({ length: elements }, (_, i) => Math.sin(i + at))).buffer,
    );
    header[name] = { dtype: 'F32', shape: dims, data_offsets: [at, at + data.length] };
    parts.push(data);
    at += data.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer);
  await writeFile(path, Buffer.concat([length, text, ...parts]));
}
