/**
 * A checkpoint behind one line of JSON that says what it is: how saev saves its dictionaries
 * (OSU-NLP-Group/saev, src/saev/nn/modeling.py).
 */
import type { ByteSource } from '../../bytes/byte-source.js';
import { partSource } from '../../bytes/part-source.js';
import { jsonValues } from '../json-values.js';
import { latin1 } from '../latin1.js';
import type { MetadataEntry } from '../tensor-file.js';

/** A line, and then a ZIP archive or a pickle. */
const HEADED = /^(\{[^\n]*\}\r?\n)(PK\u0003\u0004|\u0080[\u0002-\u0005])/;
const LONGEST_HEADER_BYTES = 4096;

/** @param head the first bytes of a file, one character each. */
export function isHeaded(head: string): boolean {
  return HEADED.test(head);
}

export interface Headed {
  readonly metadata: readonly MetadataEntry[];
  /** The checkpoint by itself. */
  readonly body: ByteSource;
}

/** The header and what lies behind it; undefined for a file that begins with the checkpoint. */
export async function behindHeader(source: ByteSource): Promise<Headed | undefined> {
  const bytes = await source.read(0, Math.min(LONGEST_HEADER_BYTES, source.size));
  const line = HEADED.exec(latin1(bytes))?.[1];
  if (line === undefined) return undefined;
  const start = line.length;
  const stated = jsonValues(new TextDecoder().decode(bytes.subarray(0, start)));
  return {
    metadata: stated.map(({ key, value }): MetadataEntry => ({ key: `header.${key}`, value: String(value) })),
    body: partSource(source.name, source.size - start, () => Promise.resolve({ source, start })),
  };
}
