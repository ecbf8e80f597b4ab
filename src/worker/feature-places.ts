/** Which values of the model a dictionary’s features are gathered at. */
import { statedPlaces, valueNamed } from '../core/dictionary/attach/stated-places.js';
import { displayText } from '../core/display-text.js';
import { problem } from '../core/errors.js';
import { readConfiguration } from '../core/formats/dictionary-configuration.js';
import type { Graph } from '../core/graph/graph.js';
import { bestPlace, fittingVariant } from '../core/passes/dictionary-fit/fitting-place.js';
import type { PassResult } from '../core/passes/result.js';
import type { FeatureOverview, FeatureRequest } from '../protocol/features.js';
import type { ModelFile } from './open-model.js';

export type FeaturePlaces = Pick<FeatureOverview, 'reads' | 'writes' | 'variant' | 'placedBy'>;

/**
 * As asked, else as the configuration beside the dictionary says, else where it was found to fit best. A value that was
 * asked for is read as it is; another in the variant that was found to fit best.
 * @throws ProblemError `unplaced-dictionary`, or `not-applicable` where the model has no such value
 */
export async function featurePlaces(
  { reads, writes, dictionary }: FeatureRequest,
  { siblings, dictionary: recognised }: ModelFile,
  graph: Graph,
  fit: PassResult | undefined,
): Promise<FeaturePlaces> {
  if (reads !== undefined) {
    const from = existing(graph, [reads]);
    const to = writes === undefined ? from : existing(graph, [writes]);
    return { reads: from, writes: to, variant: 'as it is', placedBy: 'asked' };
  }
  const stated = statedPlaces(await readConfiguration(siblings), dictionary);
  const configured = valueNamed(graph, stated.reads, recognised?.inputWidth)?.value;
  const fitting = configured === undefined ? bestPlace(fit) : undefined;
  const from = configured ?? fitting?.reads;
  if (from === undefined) throw unplaced(stated.reads, fit);
  const to = writes === undefined ? stated.writes : [writes];
  return {
    reads: from,
    writes: to.length > 0 ? existing(graph, to) : (fitting?.writes ?? from),
    variant: fitting?.variant ?? fittingVariant(fit, from),
    placedBy: configured === undefined ? 'fit' : 'configuration',
  };
}

function existing(graph: Graph, names: readonly string[]): string {
  const found = valueNamed(graph, names);
  if (found !== undefined) return found.value;
  throw problem('not-applicable', `The model has no value or hook ${listed(names)}.`, {
    remedy: 'Name a value of the model that the dictionary was trained on.',
  });
}

function unplaced(stated: readonly string[], fit: PassResult | undefined): Error {
  const message =
    stated.length === 0
      ? 'Nothing says which value of the model the dictionary reads.'
      : `The model has no value or hook ${listed(stated)}, which the dictionary’s configuration says that it reads.`;
  return problem('unplaced-dictionary', message, {
    remedy:
      fit === undefined
        ? 'Measure where it fits (“Dictionary fit”), or name the value. On the command line, “report --pass dictionary-fit” measures it, and --reads names the value.'
        : 'It fits no value of the model as it is: see the experiment “Dictionary fit”.',
  });
}

const listed = (names: readonly string[]): string => names.map((name) => `“${displayText(name, 80)}”`).join(' or ');
