/** Opens .keras files: a ZIP archive with the weights as HDF5 and a description of the model as JSON. */
import type { ByteSource } from '../../core/bytes/byte-source.js';
import { problem } from '../../core/errors.js';
import type { MetadataEntry, TensorFile } from '../../core/formats/tensor-file.js';
import { openZip, type ZipArchive } from '../../core/formats/zip/archive.js';
import { openHdf5 } from './open.js';
import type { Hdf5Thread } from './question-thread.js';

/** Source: Keras, keras/src/saving/saving_lib.py. */
const WEIGHTS = 'model.weights.h5';
const DESCRIPTIONS = ['metadata.json', 'config.json'];
/** What is longer is cut, as in the other formats. */
const MAXIMUM_TEXT_BYTES = 64 * 1024;

/** @throws ProblemError `malformed-model` without weights, and as {@link openHdf5} and reading the archive do. */
export async function openKeras(source: ByteSource, thread: Hdf5Thread, signal?: AbortSignal): Promise<TensorFile> {
  const archive = await openZip(source, signal);
  const weights = archive.members.get(WEIGHTS);
  if (weights === undefined) {
    throw problem('malformed-model', `“${source.name}” has no “${WEIGHTS}” in it.`, {
      place: `the directory of ${source.name}`,
      remedy: 'Save the model again with model.save.',
    });
  }
  const descriptions = await describe(archive);
  const file = await openHdf5(archive.open(weights), thread, signal);
  const version = /"keras_version"\s*:\s*"([\w.+-]{1,20})"/.exec(descriptions[0]?.value ?? '')?.[1];
  return {
    ...file,
    formatName: version === undefined ? 'Keras' : `Keras ${version}`,
    metadata: [...descriptions, ...file.metadata],
    files: [source.name],
    fileBytes: source.size,
    async close() {
      await file.close();
      await source.close?.();
    },
  };
}

async function describe({ members, head }: ZipArchive): Promise<MetadataEntry[]> {
  const found: MetadataEntry[] = [];
  for (const name of DESCRIPTIONS) {
    const member = members.get(name);
    if (member === undefined) continue;
    const text = new TextDecoder().decode(await head(member, Math.min(member.bytes, MAXIMUM_TEXT_BYTES)));
    const whole = member.bytes <= MAXIMUM_TEXT_BYTES;
    found.push({ key: name, value: whole ? text : `${text}… (${member.bytes.toLocaleString('en')} bytes)` });
  }
  return found;
}
