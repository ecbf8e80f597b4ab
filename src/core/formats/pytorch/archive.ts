/** The form of PyTorch 1.6 and later: a ZIP archive with a pickle and one member per storage (torch/serialization.py). */
import type { ByteSource } from '../../bytes/byte-source.js';
import type { BlockCache } from '../block-cache.js';
import { notAModelArchive } from '../not-a-model.js';
import type { MetadataEntry } from '../tensor-file.js';
import { openZip, type ZipArchive } from '../zip/archive.js';
import type { Checkpoint } from './checkpoint.js';
import { objectBudget, type UnpickleContext } from './pickle-machine.js';
import type { Storage } from './pickle-values.js';
import { storages } from './storages.js';
import { unpickle } from './unpickle.js';
import type { StoredBytes, ViewContext } from './views.js';

const PICKLE = 'data.pkl';
const CONSTANTS = 'constants.pkl';
/** Short notes of the writer, in the root folder, and what they are called here. */
const NOTES: Readonly<Record<string, string>> = {
  version: 'archive version',
  '.format_version': 'archive format version',
  byteorder: 'archive byte order',
};
const LONGEST_NOTE_BYTES = 64;
/** Classes of TorchScript programs, which the archive itself describes as code. */
const PROGRAM_CLASS = '__torch__.';

/** @throws ProblemError `not-a-model` where the archive is another one, `truncated-file`, `malformed-model`. */
export async function readArchive(source: ByteSource, cache: BlockCache, signal?: AbortSignal): Promise<Checkpoint> {
  const archive = await openZip(source, signal);
  const root = rootOf(archive);
  if (root === undefined) throw await notAModelArchive(source, archive.members.keys());
  const notes = await readNotes(archive, root);
  const skipped = new Map<string, number>();
  const { persistent } = storages();
  const context: UnpickleContext = { budget: objectBudget(source.size), skipped, persistent };
  const bigEndian = notes.get('archive byte order') === 'big';

  const readPickle = async (
    name: string,
    folder: string,
    prefix: string,
  ): Promise<Checkpoint['pickles'][number] | undefined> => {
    const member = archive.members.get(root + name);
    if (member === undefined) return undefined;
    const pickle = archive.open(member);
    const { value } = await unpickle(pickle, 0, context, signal);
    const located = new Map<string, StoredBytes | undefined>();
    const locate = ({ key }: Storage): StoredBytes | undefined => {
      if (!located.has(key)) located.set(key, storedBytes(archive, `${root}${folder}/${key}`));
      return located.get(key);
    };
    const view: ViewContext = { locate, pickle, bigEndian, cache };
    return { prefix, value, context: view };
  };

  const data = await readPickle(PICKLE, 'data', '');
  const constants = await readPickle(CONSTANTS, 'constants', 'constants');
  const isProgram = constants !== undefined;
  const named = isProgram ? [...skipped].filter(([name]) => !name.startsWith(PROGRAM_CLASS)) : skipped;
  return {
    formatName: isProgram ? 'TorchScript program' : 'PyTorch checkpoint (zip)',
    pickles: [data, constants].filter((pickle) => pickle !== undefined),
    metadata: [...notes].map(([key, value]): MetadataEntry => ({ key, value })),
    skipped: new Map(named),
  };
}

/** The folder that everything lies in, with its slash. */
function rootOf({ members }: ZipArchive): string | undefined {
  for (const name of members.keys()) {
    if (name === PICKLE) return '';
    if (name.endsWith(`/${PICKLE}`) && name.indexOf('/') === name.length - PICKLE.length - 1)
      return name.slice(0, -PICKLE.length);
  }
  return undefined;
}

async function readNotes(archive: ZipArchive, root: string): Promise<ReadonlyMap<string, string>> {
  const notes = new Map<string, string>();
  for (const [name, label] of Object.entries(NOTES)) {
    const member = archive.members.get(root + name);
    if (member === undefined || member.bytes > LONGEST_NOTE_BYTES) continue;
    notes.set(label, new TextDecoder().decode(await archive.head(member, LONGEST_NOTE_BYTES)).trim());
  }
  return notes;
}

function storedBytes(archive: ZipArchive, name: string): StoredBytes | undefined {
  const member = archive.members.get(name);
  return member === undefined ? undefined : { source: archive.open(member), start: 0, bytes: member.bytes };
}
