/** Which tokens a feature on the output of attention got its value from, at one token of one input. */
import { rowsOfRun } from '../core/dataset/rows-of-run.js';
import { centre } from '../core/dictionary/attach/rows.js';
import { totalWidth } from '../core/dictionary/coder.js';
import { heldEncoder } from '../core/dictionary/held-encoder.js';
import {
  noSourceTokens,
  openSourceTokens,
  whyNoSourceTokens,
  type SourceTokenReader,
  type SourceTokens,
} from '../core/circuits/heads/source-tokens.js';
import { exampleTokens } from '../core/dataset/example-tokens.js';
import { usedFeeds } from '../core/engine/used-feeds.js';
import { problem } from '../core/errors.js';
import type { Batch } from '../core/dataset/dataset.js';
import type { ExperimentSubject } from '../core/experiment/subject.js';
import type { AttachedDictionary } from '../core/features/attached.js';
import type { SystemModel } from '../core/linear/system-graphs.js';
import { prepareForLinearize } from '../core/rewrite/linearize/prepare.js';
import { prune } from '../core/rewrite/prune.js';
import type { NamedTensors } from '../core/tensor/tensor.js';
import type { SourceTokensAnswer, SourceTokensRequest } from '../protocol/source-tokens.js';
import { chosenInput } from './chosen-input.js';
import type { Gathered } from './feature-gathering.js';
import { tokenNumber } from '../core/told-numbers.js';

/** Opened for inputs of one size, and kept for the next one of that size. */
export interface SourceTokenReaders {
  /** A sentence; undefined where a feature’s tokens can be told, as far as the graph says without its sizes. */
  whyNone(): string | undefined;
  of(feeds: NamedTensors, signal: AbortSignal): Promise<SourceTokenReader>;
  release(): Promise<void>;
}

export function sourceTokenReaders(
  { engine, threads, toRunnable }: ExperimentSubject,
  { coder, model, reads }: AttachedDictionary,
): SourceTokenReaders {
  let made: SystemModel['prepared'] | undefined;
  const graph = (): SystemModel['prepared'] => (made ??= prepareForLinearize(prune(model, [reads])));
  let last: { readonly sizes: string; readonly reader: SourceTokenReader } | undefined;
  const release = async (): Promise<void> => {
    const old = last;
    last = undefined;
    await old?.reader.release();
  };
  return {
    whyNone: () => whyNoSourceTokens(graph(), reads),
    async of(feeds, signal) {
      const sizes = JSON.stringify(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
      if (last?.sizes === sizes && !last.reader.isOfThisInput) return last.reader;
      await release();
      const system = { prepared: graph(), engine, threads, toRunnable };
      const reader = await openSourceTokens(system, reads, totalWidth(coder.reads), feeds, signal);
      last = { sizes, reader };
      return reader;
    },
    release,
  };
}

/** @throws ProblemError `not-applicable` where nothing can be told apart; as engines and reading do; CancelledError. */
export async function answerSourceTokens(
  opened: Gathered,
  { feature, prompt, position }: SourceTokensRequest,
  signal: AbortSignal,
): Promise<SourceTokensAnswer> {
  const { attached, overview, subject, sourceReaders } = opened;
  if (overview.noSourceTokens !== undefined) throw noSourceTokens(overview.noSourceTokens);
  const { batch, ...run } = await runOf(opened, prompt, signal);
  const runRows = rowsOfRun(subject.dataset, batch);
  if (runRows !== 1)
    throw problem('not-applicable', `The model runs ${runRows} inputs at once: heads are told apart in runs of one.`, {
      remedy: 'Export the model with an open batch axis, or one of size 1.',
    });
  const { network, read } = await opened.reader.open();
  const { x } = read(await network.run(usedFeeds(network, batch.feeds)), runRows);
  const tokens = Math.min(batch.filled?.[0] ?? x.positions, x.positions);
  if (!(Number.isInteger(position) && position >= 0 && position < tokens))
    throw problem('not-applicable', `There is no token ${tokenNumber(position)}: there are ${tokens}.`, {
      remedy: 'Choose one of them.',
    });
  const width = totalWidth(attached.coder.reads);
  const row = x.rows(0, tokens).slice(position * width, (position + 1) * width);
  const { direction, constant, preActivation } = (await heldEncoder(attached.coder, feature))(row);
  if (attached.centred !== undefined) centre(direction, width);
  const reader = await sourceReaders.of(batch.feeds, signal);
  const found = await reader.at(batch.feeds, position, direction, signal);
  const parts = partsOf(found, x.positions, tokens);
  const constants = found.biases + constant;
  const whole = [...parts.byHead, parts.padding, found.biases, constant];
  const size = whole.reduce((sum, part) => sum + Math.abs(part), 0);
  return {
    ...run,
    tokens:
      run.tokens.length === tokens
        ? run.tokens
        : Array.from({ length: tokens }, (_, at) => `[token ${tokenNumber(at)}]`),
    feature,
    position,
    heads: found.heads,
    sharing: found.sharing,
    ...parts,
    constants,
    preActivation,
    residual:
      Math.abs(preActivation - whole.reduce((sum, part) => sum + part, 0)) /
      Math.max(size + Math.abs(preActivation), Number.MIN_VALUE),
  };
}

/** Of the positions that hold tokens, and of all behind them. */
function partsOf(
  { heads, contributions, attention }: SourceTokens,
  positions: number,
  tokens: number,
): Pick<SourceTokensAnswer, 'byHead' | 'attention' | 'padding'> {
  const kept = (values: Float32Array): Float32Array => {
    const some = new Float32Array(heads * tokens);
    for (let head = 0; head < heads; head++)
      some.set(values.subarray(head * positions, head * positions + tokens), head * tokens);
    return some;
  };
  const padding = contributions.reduce((sum, each, at) => (at % positions < tokens ? sum : sum + each), 0);
  return {
    byHead: kept(contributions),
    padding,
    ...(attention === undefined ? {} : { attention: kept(attention) }),
  };
}

async function runOf(
  { subject: { dataset }, prompting }: Gathered,
  prompt: SourceTokensRequest['prompt'],
  signal: AbortSignal,
): Promise<Pick<SourceTokensAnswer, 'tokens' | 'name' | 'synthetic'> & { readonly batch: Batch }> {
  if (prompt.kind === 'text') {
    const { batch, tokens, name, synthetic } = (await (await prompting.open()).look(prompt, signal)).run;
    return { batch, tokens, name, synthetic };
  }
  const { input } = prompt;
  const batch = await chosenInput(dataset, input);
  const [tokens = []] = (await exampleTokens(dataset, batch)) ?? [];
  return {
    batch,
    tokens,
    name: (await dataset.preview(input)).name,
    synthetic: dataset.synthetic,
  };
}
