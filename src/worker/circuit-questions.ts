/**
 * What is asked about circuits of the open model. One question at a time; the circuit asked for last is kept, so that its
 * edges can be handed over in parts and checked.
 */
import type { AttributionGraph } from '../core/circuits/attribution-graph.js';
import { attributionGraph } from '../core/circuits/attribution-graph.js';
import { heldRuns, type HeldRuns } from '../core/circuits/held-runs.js';
import { headReaders, type HeadReaders } from '../core/circuits/heads/through-heads.js';
import { openInterventions, type Interventions } from '../core/circuits/intervention.js';
import { outputDirections, type OutputDirections } from '../core/circuits/heads/output-direction.js';
import { differenceTarget, likelyTokens, outputTargets, type OutputTarget } from '../core/circuits/output-targets.js';
import { replacementSites, type CircuitLayers } from '../core/circuits/placing.js';
import {
  openReplacementModel,
  type ReplacementModel,
  type ReplacementSites,
} from '../core/circuits/replacement-model.js';
import { problem } from '../core/errors.js';
import type { SystemModel } from '../core/linear/system-graphs.js';
import {
  EDGES_AT_ONCE,
  MOST_FEATURES,
  type CircuitAnswer,
  type CircuitQuestions,
  type CircuitRequest,
  type KeptCircuit,
} from '../protocol/circuits.js';
import type { OnProgress } from '../protocol/rpc.js';
import { answerOf } from './circuit-answer.js';
import { checkEdge } from './circuit-check.js';
import { headsOfTarget } from './circuit-heads.js';
import { circuitInput, tokenOf, type CircuitInput } from './circuit-input.js';
import { weightsOfTarget } from './circuit-weights.js';
import { openCoders, type OpenCoders } from './circuit-coders.js';
import type { Inputs } from './inputs.js';
import type { OpenedTranscoders } from './transcoder-set.js';
import { createTurns } from './turns.js';
import { tokenNumber } from '../core/told-numbers.js';

export interface CircuitSubject {
  readonly inputs: Inputs;
  /** As all questions about linear systems take it. */
  readonly model: SystemModel;
  /** Absent where none were attached. */
  readonly transcoders: OpenedTranscoders | undefined;
}

export interface CircuitAnswers {
  readonly questions: CircuitQuestions;
  /** Stops what is under way and lets go of the engine. */
  close(): Promise<void>;
}

/** A circuit that was made, with what it is checked by. */
export interface MadeCircuit {
  readonly id: number;
  readonly model: SystemModel;
  readonly graph: AttributionGraph;
  readonly layers: CircuitLayers;
  readonly sites: ReplacementSites;
  readonly replacement: ReplacementModel;
  readonly coders: OpenCoders;
  readonly patternsHeld: boolean;
  /** Opened for the first question that needs them. */
  interventions(): Promise<Interventions>;
  heldRuns(): HeldRuns;
  heads(): HeadReaders;
  outputDirections(): OutputDirections;
  /** How a token of the vocabulary is shown. */
  textOf(token: number): string;
  release(): Promise<void>;
}

/** @param subject throws where no graph is open. @param track told of work that uses the engine. */
export function circuitAnswers(
  subject: () => CircuitSubject,
  track: <T>(work: Promise<T>) => Promise<T>,
): CircuitAnswers {
  const turns = createTurns(track);
  let coders: OpenCoders | undefined;
  let last: MadeCircuit | undefined;
  let kept: (KeptCircuit & { readonly of: ReturnType<typeof foundWith> }) | undefined;
  let made = 0;

  const forget = async (): Promise<void> => {
    const old = last;
    last = undefined;
    kept = undefined;
    await old?.release();
  };
  const current = (id: number): MadeCircuit => {
    if (last?.id === id) return last;
    throw problem('not-applicable', 'This circuit is not kept any more.', { remedy: 'Find the circuit again.' });
  };

  const find = async (
    request: CircuitRequest,
    signal: AbortSignal,
    onProgress: OnProgress | undefined,
  ): Promise<CircuitAnswer> => {
    const begun = performance.now();
    await forget();
    const { inputs, model, transcoders } = subject();
    const layers = usableLayers(transcoders);
    checkMaximum(request.maximumFeatures);
    coders ??= await openCoders(transcoders as OpenedTranscoders, model);
    const input = await circuitInput(request.input, inputs);
    const sites = replacementSites(layers, coders.places);
    const replacement = await openReplacementModel(model, sites, input.feeds, signal);
    try {
      checkWidths(replacement, sites, coders, layers, input);
      const position = positionOf(request.position, input.filled);
      const targets = targetsOf(request, replacement, sites, position, input);
      const feature =
        request.target.kind === 'feature'
          ? { layer: layerPlace(request.target.layer, layers), position, feature: request.target.feature }
          : undefined;
      const graph = await attributionGraph({
        replacement,
        sites,
        coders: coders.list(replacement, sites),
        targets,
        ...(feature === undefined ? {} : { feature }),
        filled: input.filled,
        maximumFeatures: request.maximumFeatures,
        signal,
        onProgress: (done, planned) => onProgress?.(done / Math.max(1, planned)),
      });
      const { prepared } = model;
      const patterns = layers.patterns.filter((value) => prepared.producerOf(value) !== undefined);
      const directions = outputDirections(model, replacement.shapes, sites.logits);
      let interventions: Promise<Interventions> | undefined;
      const held = heldRuns(model, sites, replacement, input.feeds);
      const heads = headReaders(model, sites, replacement, layers.attention, input.feeds);
      const id = ++made;
      last = {
        id,
        model,
        graph,
        layers,
        sites,
        replacement,
        coders,
        patternsHeld: patterns.length > 0,
        interventions: () => (interventions ??= openInterventions(model, sites, patterns, input.feeds)),
        heldRuns: () => held,
        heads: () => heads,
        outputDirections: () => directions,
        textOf: (token) => input.textOf(token),
        async release() {
          await held.release();
          await heads.release();
          await directions.release();
          await interventions?.then((opened) => opened.release()).catch(() => undefined);
        },
      };
      const answer = await answerOf(last, input, position, (performance.now() - begun) / 1000);
      kept = { request, answer, of: foundWith(inputs, transcoders) };
      return answer;
    } finally {
      // The values stay; the sessions are not needed any more.
      await replacement.release();
    }
  };

  return {
    questions: {
      circuit: (request, signal, onProgress) => turns.take(signal, (either) => find(request, either, onProgress)),
      keptCircuit: (_request, signal) =>
        turns.take(signal, async () => {
          if (kept === undefined) return undefined;
          const { inputs, transcoders } = subject();
          const now = foundWith(inputs, transcoders);
          const { request, answer, of } = kept;
          return of.every((each, at) => each === now[at]) ? { request, answer } : undefined;
        }),
      circuitEdges: ({ circuit, first }, signal) =>
        turns.take(signal, async () => {
          const { sources, weights } = current(circuit).graph.edges;
          const end = Math.min(sources.length, first + EDGES_AT_ONCE);
          return { sources: sources.slice(first, end), weights: weights.slice(first, end) };
        }),
      circuitCheck: (request, signal) =>
        turns.take(signal, (either) => checkEdge(current(request.circuit), request, either)),
      circuitHeads: ({ circuit, node }, signal) =>
        turns.take(signal, (either) => headsOfTarget(current(circuit), node, either)),
      circuitWeights: ({ circuit, node }, signal) =>
        turns.take(signal, (either) => weightsOfTarget(current(circuit), node, either)),
    },
    async close() {
      turns.stop();
      await turns.last(async () => {
        await forget();
        await coders?.release();
        coders = undefined;
      });
    },
  };
}

/** What other inputs or transcoders have others of. */
function foundWith(inputs: Inputs, transcoders: OpenedTranscoders | undefined): readonly unknown[] {
  return [inputs.description(), transcoders];
}

/** @throws ProblemError `not-applicable` where there can be no circuit. */
function usableLayers(transcoders: OpenedTranscoders | undefined): CircuitLayers {
  if (transcoders === undefined) {
    throw problem('not-applicable', 'No transcoders are attached to this model.', {
      remedy: 'Attach one for each layer with “Attach Transcoders…”.',
    });
  }
  const { layers, placed, description } = transcoders;
  if (layers === undefined) throw problem('not-applicable', description.problem ?? 'This model has no circuits.');
  if (placed.length > 0) return layers;
  const [first] = description.left;
  throw problem('not-applicable', 'None of the transcoders fits a layer of this model.', {
    ...(first === undefined ? {} : { place: `${first.name}: ${first.reason}` }),
    remedy: 'Attach transcoders that were trained on this model.',
  });
}

function checkMaximum(features: number): void {
  if (Number.isInteger(features) && features >= 1 && features <= MOST_FEATURES) return;
  throw problem('not-applicable', `A circuit may have 1 to ${MOST_FEATURES} features, not ${features}.`);
}

/** @throws ProblemError `not-applicable` where a transcoder is as wide as nothing there, or several inputs run at once. */
function checkWidths(
  replacement: ReplacementModel,
  { layers: sites }: ReplacementSites,
  coders: OpenCoders,
  { layers }: CircuitLayers,
  { tokens }: CircuitInput,
): void {
  if (replacement.positions !== tokens.length) {
    throw problem(
      'not-applicable',
      `The model gives ${replacement.positions} rows for ${tokens.length} tokens: it runs several inputs at once, or none token by token.`,
      { remedy: 'Export the model with an open batch axis, or one of size 1.' },
    );
  }
  sites.forEach(({ reads, writes }, at) => {
    const layer = layers[at]?.index ?? at;
    const widths = coders.widths.get(layer);
    if (widths === undefined) return;
    for (const [value, wanted] of [
      [reads, widths.reads],
      [writes, widths.writes],
    ] as const) {
      if (replacement.width(value) === wanted) continue;
      throw problem(
        'not-applicable',
        `The transcoder of layer ${layer} is ${wanted} wide, but “${value}” is ${replacement.width(value)} wide.`,
        { place: widths.name, remedy: 'Attach transcoders that were trained on this model.' },
      );
    }
  });
}

function positionOf(asked: number | undefined, filled: number): number {
  const position = asked ?? filled - 1;
  if (Number.isInteger(position) && position >= 0 && position < filled) return position;
  throw problem('not-applicable', `There are ${filled} tokens: there is no token ${tokenNumber(position)}.`);
}

function layerPlace(layer: number, { layers }: CircuitLayers): number {
  const place = layers.findIndex(({ index }) => index === layer);
  if (place >= 0) return place;
  throw problem('not-applicable', `There is no MLP in a layer ${layer}.`, {
    remedy: `The layers are ${layers.map(({ index }) => index).join(', ')}.`,
  });
}

function targetsOf(
  { target }: CircuitRequest,
  replacement: ReplacementModel,
  { logits }: ReplacementSites,
  position: number,
  input: CircuitInput,
): OutputTarget[] {
  const scores = replacement.value(logits);
  if (target.kind === 'feature') return [];
  if (target.kind === 'likely') return outputTargets(scores, replacement.positions, position);
  const [first, second] = likelyTokens(scores, replacement.positions, position, 2);
  const token = target.token === undefined ? first?.token : tokenOf(target.token, input);
  const minus =
    target.minus === undefined
      ? token === second?.token
        ? first?.token
        : second?.token
      : tokenOf(target.minus, input);
  return [differenceTarget(scores, replacement.positions, position, token ?? 0, minus ?? 0)];
}
