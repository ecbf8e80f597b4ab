/** All activations of a dictionary on the inputs, as Delphi’s cache: one more run over them. */
import type { ExperimentSubject } from '../../core/experiment/subject.js';
import type { HeadsLayout } from '../../core/dictionary/attach/layout.js';
import { problem } from '../../core/errors.js';
import { DEFAULT_SPLITS, openCache, type CacheWriter } from '../../core/features/lists/activation-cache.js';
import { walkTokens } from '../../core/features/walk.js';
import type { FeatureExportAnswer } from '../../protocol/feature-lists.js';
import { cacheFolder, fillNewFolder } from './new-folder.js';
import { counted, type WrittenPass, type WriteTask } from './write-features.js';
import { inputNumber } from '../../core/told-numbers.js';

/** @param idsInput the model’s input that takes token ids; undefined where none does. @throws as walking does. */
export async function writeActivationCache(
  { activations: { subject, attached, reader }, gathered: { stride, layout }, source }: WrittenPass,
  { features, path: parent, signal, onProgress }: WriteTask,
  idsInput: string | undefined,
): Promise<FeatureExportAnswer> {
  const { coder } = attached;
  const rows = subject.dataset.size;
  const hookpoint = source.hookName ?? attached.reads;
  const watched: ExperimentSubject = {
    ...subject,
    signal,
    onProgress: ({ runsDone, runsPlanned }) => onProgress?.(runsDone / runsPlanned),
  };
  return fillNewFolder(parent, hookpoint, async (folder) => {
    const files = await cacheFolder(folder);
    try {
      const all = features.length === coder.features;
      const writer = await openCache(files, {
        rows,
        positions: stride,
        features: coder.features,
        ...(all ? {} : { only: new Set(features) }),
      });
      const hasIds = idsInput !== undefined && layout.kind !== 'heads';
      if (hasIds) await writeTokens(writer, watched, idsInput, stride);
      await walkTokens(watched, coder, reader, 'Writing activations', {
        tile: ({ input, position, features: activations }) => writer.add(input, position, activations),
      });
      const { activations, files: written, beyondHalf } = await writer.finish();
      await folder.write('config.json', configText(source.modelId, rows, stride));
      const count = (value: number): string => value.toLocaleString('en-US');
      return {
        path: folder.path,
        sentences: [
          `${count(activations)} activations of ${counted(features.length)} at ${count(rows)} inputs of ${count(stride)} positions written in ${written.length} files, as Delphi’s cache has them.`,
          ...(idsInput === undefined ? ['The inputs are no token ids, so there is no tensor “tokens”.'] : []),
          ...(layout.kind === 'heads' ? [headsSentence(layout)] : []),
          ...(beyondHalf === 0
            ? []
            : [`${count(beyondHalf)} are larger than a 16-bit number can be and infinite in the files.`]),
        ],
      };
    } finally {
      await files.close();
    }
  });
}

/** Of the file’s axis of positions, which has no room for heads. */
function headsSentence({ heads, tokens, within }: HeadsLayout): string {
  const order =
    within === 1
      ? `head × ${tokens} + token`
      : within === heads
        ? `token × ${heads} + head`
        : `(⌊head / ${within}⌋ × ${tokens} + token) × ${within} + head mod ${within}`;
  return `Each input has ${heads} heads at ${tokens} tokens: a position in the files is ${order}, so there is no tensor “tokens”.`;
}

/** What Delphi’s loader needs to be told; of the rest of its configuration nothing is known here. */
function configText(model: string, rows: number, positions: number): string {
  const facts = { model_name: model, cache_ctx_len: positions, n_tokens: rows * positions, n_splits: DEFAULT_SPLITS };
  return `${JSON.stringify(facts, undefined, 2)}\n`;
}

/** Ids as they are fed, padding among them. @throws ProblemError `invalid-inputs` for an input that cannot be read. */
async function writeTokens(
  writer: CacheWriter,
  { dataset }: ExperimentSubject,
  idsInput: string,
  positions: number,
): Promise<void> {
  for (let input = 0; input < dataset.size; input++) {
    const { feeds } = await dataset.batch(input, input + 1);
    const data = feeds[idsInput]?.data;
    if (!(data instanceof BigInt64Array || data instanceof Int32Array) || data.length < positions) {
      throw problem('invalid-inputs', `Input ${inputNumber(input)} has no token ids for its ${positions} positions.`, {
        remedy: 'Choose inputs of one size that can all be read.',
      });
    }
    await writer.tokens(BigInt64Array.from(data.subarray(0, positions) as ArrayLike<number | bigint>, BigInt));
  }
}
