import type { ByteSource } from '../../bytes/byte-source.js';
import { memorySource } from '../../bytes/memory-source.js';
import { problem } from '../../errors.js';
import { blockCache } from '../block-cache.js';
import { KEPT_BLOCKS } from '../strided-values.js';
import type { TensorFile } from '../tensor-file.js';
import { gunzip, isGzip } from '../zip/inflate.js';
import { readArchive } from './archive.js';
import { checkpointContents } from './checkpoint.js';
import { behindHeader } from './headed.js';
import { readPickles } from './legacy.js';

/**
 * Opens a checkpoint of PyTorch, in the ZIP form or the older one, or a plain pickle with tensors in it. The pickle is
 * read as data: nothing in it is executed; what would have been is named in the problems. Values are read by range; a
 * file that is packed with gzip is unpacked in memory first.
 * @throws ProblemError `empty-file`, `not-a-model` (another kind of file, or no tensors in it), `truncated-file` or
 *   `malformed-model`.
 */
export async function openPytorch(source: ByteSource, signal?: AbortSignal): Promise<TensorFile> {
  if (source.size === 0)
    throw problem('empty-file', `“${source.name}” is empty.`, { place: `byte 0 of ${source.name}` });
  const packed = isGzip(await source.read(0, Math.min(2, source.size)));
  const whole = packed ? memorySource(source.name, await gunzip(source)) : source;
  const headed = await behindHeader(whole);
  const body = headed?.body ?? whole;
  const head = await body.read(0, Math.min(2, body.size));
  const cache = blockCache(KEPT_BLOCKS);
  const isZip = head[0] === 0x50 && head[1] === 0x4b;
  const checkpoint = isZip ? await readArchive(body, cache, signal) : await readPickles(body, cache, signal);
  const contents = await checkpointContents(body, checkpoint, signal);
  return {
    format: 'pytorch',
    formatName: packed ? `${checkpoint.formatName}, packed with gzip` : checkpoint.formatName,
    ...contents,
    metadata: [...(headed?.metadata ?? []), ...contents.metadata],
    files: [source.name],
    fileBytes: source.size,
    externalBytes: 0,
    close: async () => source.close?.(),
  };
}
