import { baseName, type DataFiles, joinPath, readText } from '../data-files.js';
import {
  isRecord,
  MAXIMUM_TOKENIZER_BYTES,
  parsedTokenizer,
  tokenTextOf,
  vocabularySource,
  type TokenText,
} from '../token-text.js';
import { checkedEntries } from './check-tokenizer.js';
import type { Encoder } from './encoder.js';
import { huggingFaceEncoder } from './hugging-face.js';
import { fromScoredMerges, isScored } from './scored-merges.js';
import { tokenizerNames } from './tokenizer-names.js';
import { isWordPiece, longestMatchEncoder, wordPieceFile } from './vocabulary.js';

/** A tokenizer file, ready in both directions. */
export interface FileTokenizer extends Encoder {
  /** As the recipe names it. */
  readonly path: string;
  readonly text: TokenText;
  /** Highest id of the vocabulary itself; tokens that were added later do not count. */
  readonly highestId: number;
  /** Changes when the file changes. */
  readonly stamp: string;
}

/** A guess, a choice and a run open the same file one after another, and a large one takes a second. */
const LAST = new WeakMap<DataFiles, FileTokenizer>();

/**
 * Reads a Hugging Face tokenizer.json, a vocabulary with merge scores, BERT's vocab.txt, or any other vocabulary as JSON
 * or with one token per line. Nothing is ever fetched.
 * @throws ProblemError `invalid-inputs` for a file that is missing, too large or of no use, `invalid-recipe` for one
 *   that holds no vocabulary.
 */
export async function openTokenizer(files: DataFiles, path: string): Promise<FileTokenizer> {
  const facts = await files.facts(path);
  const stamp = `${facts?.size}:${facts?.modifiedMs}`;
  const last = LAST.get(files);
  if (last?.path === path && last.stamp === stamp) return last;
  const parsed = parsedTokenizer(await readText(files, path, MAXIMUM_TOKENIZER_BYTES), path);
  const opened = {
    ...encoderOf(parsed, path),
    path,
    text: tokenTextOf(parsed, path),
    highestId: highestId(parsed),
    stamp,
  };
  LAST.set(files, opened);
  return opened;
}

function encoderOf(parsed: unknown, path: string): Encoder {
  if (isRecord(parsed) && isRecord(parsed['model'])) return huggingFaceEncoder(parsed, path);
  if (isScored(parsed)) return huggingFaceEncoder(fromScoredMerges(parsed, path), path);
  const entries = checkedEntries(vocabularySource(parsed), path);
  const tokens = entries.map(([, token]) => token);
  const inOrder = entries.every(([id], at) => id === at);
  return inOrder && isWordPiece(tokens)
    ? huggingFaceEncoder(wordPieceFile(tokens), path)
    : longestMatchEncoder(entries);
}

function highestId(parsed: unknown): number {
  const source = vocabularySource(parsed);
  if (Array.isArray(source)) return source.length - 1;
  let highest = -1;
  for (const id of Object.values(isRecord(source) ? source : {})) {
    if (typeof id === 'number' && id > highest) highest = id;
  }
  return highest;
}

/** The first tokenizer file in these folders, looked for under the usual names; undefined where there is none. */
export async function findTokenizer(
  files: DataFiles,
  folders: readonly string[],
  modelName: string | undefined,
): Promise<string | undefined> {
  for (const folder of folders) {
    for (const name of tokenizerNames(modelName)) {
      const path = joinPath(folder, name);
      if ((await files.facts(path))?.kind === 'file') return path;
    }
  }
  return undefined;
}

/** "tokenizer.json (512 tokens)". */
export function tokenizerText({ path, text }: FileTokenizer): string {
  return `${baseName(path)} (${text.size.toLocaleString('en')} ${text.size === 1 ? 'token' : 'tokens'})`;
}
