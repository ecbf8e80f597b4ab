/**
 * Direct feature attribution (formats section 5, row “DFA row”): which tokens a direction of what attention gives got its
 * value from, pattern[dst, src] · v[src] (W_O) · direction for every head, with the pattern held. It is linear in the
 * values, so that all tokens, and the biases on the way, make up the whole (completeness).
 */
import { usedFeeds } from '../../engine/used-feeds.js';
import { problem, throwIfCancelled } from '../../errors.js';
import { displayText } from '../../display-text.js';
import type { Graph } from '../../graph/graph.js';
import type { Attention } from '../../graph/roles/attention.js';
import { attentionGiving } from '../../graph/roles/attention-giving.js';
import type { SystemModel } from '../../linear/system-graphs.js';
import { valueShapes } from '../../linear/value-shapes.js';
import { ruleOf } from '../../rewrite/linearize/table.js';
import { floatsOf } from '../../tensor/floats.js';
import { elementCount, type NamedTensors } from '../../tensor/tensor.js';
import { openLinearReader } from '../linear-reader.js';
import { contributionsOf, given, seedAt } from './contributions.js';
import { headsOf } from './cut-heads.js';

/** What one row of a value of attention is made up of, along a direction. */
export interface SourceTokens {
  /** Heads that have values of their own, and how many heads of queries share each. */
  readonly heads: number;
  readonly sharing: number;
  /** Row-major [heads, positions]. */
  readonly contributions: Float32Array;
  /** pattern[dst, src], [heads, positions]; absent where the pattern is no value of the graph, or heads share values. */
  readonly attention?: Float32Array;
  /** Of the output projection, and of all else that adds constants on the way. */
  readonly biases: number;
}

export interface SourceTokenReader {
  /** Whether sizes of values follow from the numbers of the input: another of the same sizes then needs a reader of its own. */
  readonly isOfThisInput: boolean;
  /** @param direction as wide as the value. @throws ProblemError as the engine does; CancelledError. */
  at(feeds: NamedTensors, position: number, direction: Float32Array, signal?: AbortSignal): Promise<SourceTokens>;
  release(): Promise<void>;
}

/** Why a value cannot be told apart by the tokens that attention read, a sentence; undefined where it can. */
export function whyNoSourceTokens(graph: Graph, value: string): string | undefined {
  const found = told(graph, value);
  return typeof found === 'string' ? found : undefined;
}

function told(graph: Graph, value: string): Attention | string {
  const attention = attentionGiving(graph, value);
  const shown = displayText(value, 80);
  if (attention === undefined)
    return `It reads “${shown}”, which is not the output of attention alone: only what attention gives (hook_z, hook_attn_out) can be split by the tokens that it was read from.`;
  const { node, operator, weighed } = attention;
  if (weighed === undefined || graph.producerOf(weighed) === undefined || ruleOf(node) === undefined)
    return `The attention that gives “${shown}” is one operator, ${displayText(operator, 60)}, which does not tell what it reads from each token.`;
  return attention;
}

/**
 * For inputs of the sizes of `feeds`.
 * @param model that computes the value. @param width of its rows.
 * @throws ProblemError `not-applicable` as {@link whyNoSourceTokens} says, or where its rows are not one for each token of
 *   one input; as the engine does; CancelledError.
 */
export async function openSourceTokens(
  model: SystemModel,
  value: string,
  width: number,
  feeds: NamedTensors,
  signal?: AbortSignal,
): Promise<SourceTokenReader> {
  const { engine, threads, toRunnable, prepared } = model;
  const attention = told(prepared, value);
  if (typeof attention === 'string') throw noSourceTokens(attention);
  const shapes = await valueShapes({ engine, threads, toRunnable, graph: prepared, feeds, signal });
  throwIfCancelled(signal);
  const dims = shapes.shapeOf(value) ?? [];
  const positions = elementCount(dims) / width;
  if (dims.at(-1) !== width || dims.at(-2) !== positions)
    throw noSourceTokens(
      `It reads “${displayText(value, 80)}”, which is [${dims.join(', ')}]: not one row of ${width} numbers for each token of one input.`,
    );
  const layer = 0;
  const { cut, left } = headsOf(prepared, shapes, [{ layer, ...attention }], positions);
  const [heads] = cut;
  if (heads === undefined) throw noSourceTokens(left[0]?.reason ?? 'Its heads cannot be told apart.');
  const beside = [heads.value, ...(heads.pattern === undefined ? [] : [heads.pattern])];
  const { session, written } = await openLinearReader(model, shapes, [heads.value], value, 'transpose', beside);
  return {
    isOfThisInput: shapes.areOfThisInput,
    async at(input, position, direction, stop) {
      throwIfCancelled(stop);
      const seed = seedAt(shapes, { value, position, direction });
      const results = await session.run(usedFeeds(session, { ...input, [written.seeds.get(value) ?? '']: seed }));
      throwIfCancelled(stop);
      const row = floatsOf(given(results, written.transpose.get(heads.value) ?? ''));
      const contributions = new Float32Array(heads.heads * positions);
      const attends = heads.pattern === undefined || heads.sharing > 1 ? undefined : contributions.slice();
      for (const each of contributionsOf(heads, row, results, position, positions)) {
        const at = each.head * positions + each.source;
        contributions[at] = each.contribution;
        if (attends !== undefined) attends[at] = each.attention ?? 0;
      }
      const ledger = written.ledger === undefined ? [] : [...floatsOf(given(results, written.ledger))];
      return {
        heads: heads.heads,
        sharing: heads.sharing,
        contributions,
        ...(attends === undefined ? {} : { attention: attends }),
        biases: ledger.reduce((sum, each) => sum + each, 0),
      };
    },
    release: () => session.release(),
  };
}

/** @param reason as {@link whyNoSourceTokens} says it. @returns ProblemError `not-applicable`. */
export function noSourceTokens(reason: string): Error {
  return problem('not-applicable', `From which tokens a feature got its value cannot be said. ${reason}`, {
    remedy: 'Attach a dictionary that was trained on what attention gives.',
  });
}
