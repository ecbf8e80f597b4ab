import { readFile } from 'node:fs/promises';
import { problem } from '../core/errors.js';
import type { Operators } from '../core/graph/operators/facts.js';
import { parseOperators } from '../core/graph/operators/parse-operators.js';

const loaded = new Map<string, Promise<Operators>>();

/**
 * The documentation of operators, read when it is first asked for and kept.
 * @param file absolute path of media/operators.json.
 * @throws ProblemError `file-unreadable`, or `internal` when the file is not what it should be.
 */
export function loadOperators(file: string): Promise<Operators> {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  const loading = read(file);
  loaded.set(file, loading);
  // What failed once may be there the next time.
  loading.catch(() => loaded.delete(file));
  return loading;
}

async function read(file: string): Promise<Operators> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw problem('file-unreadable', 'The documentation of operators cannot be read.', {
      place: `${file}: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Install the extension again.',
    });
  }
  return parseOperators(text);
}
