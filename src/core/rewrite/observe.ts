import { problem } from '../errors.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { ObservedLayer } from '../graph/layers.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';
import { filledPositions } from './filled-positions.js';
import { graphWriter } from './graph-writer.js';
import { knownDims, unfoldedAxes } from './layout.js';
import type { Observation, ObservationKind, Observed } from './observation.js';
import { observeByCopy, observeInGraph, type Reader } from './observe-layer.js';
import { prune } from './prune.js';
import { sampleBudget, shareBudget } from './sample-grid.js';

export interface ObserveOptions {
  /** Outputs to keep beside the observations; none by default, so that what nobody observes is not computed. */
  readonly keep?: readonly string[];
  /** Values copied out per example for samples. */
  readonly sampleBudget?: number;
  /** Rows of the example axis in every run, padding included, where that is known: a single one is summed faster. */
  readonly rows?: number;
  /** Rows of a run past its examples may be padding. */
  readonly padded?: boolean;
  /** Positions of every example, where some examples end in padding, which is left out of all observations. */
  readonly paddedLength?: number;
}

/** The numbers of one run. */
export interface ObservedValues {
  /** @throws ProblemError `internal` when this observation was not asked for. */
  get(layer: string, kind: ObservationKind): Observed;
}

/** A model that computes what was asked for, and how its outputs are read back. */
export interface Observing {
  readonly model: ModelProto;
  readonly outputs: readonly string[];
  /**
   * What a run needs beside the model's own inputs. @param filled positions of each of its examples that hold tokens;
   * left out: all of them.
   */
  feeds(filled?: number): NamedTensors;
  /** @param examples rows to keep: the examples of the batch, without padding rows. */
  read(outputs: NamedTensors, examples: number): ObservedValues;
}

/** Layers with fewer values than this per example are cheaper to copy out than to reduce in the graph. */
const SMALL_LAYER_VALUES = 4096;
/** Cast, Reduce and Gather as they are written here exist from this opset on. */
const OLDEST_OPSET = 7;
/** Range and Max of integers, which sample along axes whose length changes, exist from this opset on. */
const OPEN_AXES_OPSET = 12;

/**
 * Adds outputs that carry the requested observations. Pure: the given model is not changed, messages are shared.
 * Each layer is either reduced by nodes inside the graph or copied out and reduced here; readers of the numbers see no
 * difference. @throws ProblemError `internal` for an observation of a layer that is not given.
 */
export function observe(
  model: ModelProto,
  layers: readonly ObservedLayer[],
  observations: readonly Observation[],
  options: ObserveOptions = {},
): Observing {
  const wanted = observationsByLayer(layers, observations);
  const keep = sampleShares(wanted, options.sampleBudget);
  const writer = graphWriter(model);
  const readers = new Map<string, ReadonlyMap<ObservationKind, Reader>>();
  const outputs = new Set(options.keep ?? []);
  const { paddedLength } = options;
  const filled = paddedLength === undefined ? undefined : filledPositions(writer, paddedLength);
  for (const [layer, kinds] of wanted) {
    const sampled = keep.get(layer) ?? 0;
    const source = filled?.of(layer) ?? layer;
    const inGraph = reducesInGraph(layer, kinds, writer.opset) && reducesInGraph(source, kinds, writer.opset);
    const observed = inGraph
      ? observeInGraph(writer, source, kinds, sampled, { alone: options.rows === 1, padded: options.padded === true })
      : observeByCopy(writer, source, kinds, sampled);
    readers.set(layer.value, observed.readers);
    for (const output of observed.outputs) outputs.add(output);
  }
  return {
    model: prune(writer.extend(model), [...outputs]),
    outputs: [...outputs],
    feeds: (count = paddedLength) => (count === undefined ? {} : (filled?.feeds(count) ?? {})),
    read: (tensors, examples) => reading(readers, tensors, examples),
  };
}

function reading(
  readers: ReadonlyMap<string, ReadonlyMap<ObservationKind, Reader>>,
  tensors: NamedTensors,
  examples: number,
): ObservedValues {
  const done = new Map<Reader, Observed>();
  return {
    get(layer, kind) {
      const reader = readers.get(layer)?.get(kind);
      if (!reader) throw problem('internal', `“${kind}” of “${layer}” was not planned.`);
      const observed = done.get(reader) ?? reader(tensors, examples);
      done.set(reader, observed);
      return observed;
    },
  };
}

function observationsByLayer(
  layers: readonly ObservedLayer[],
  observations: readonly Observation[],
): ReadonlyMap<ObservedLayer, ReadonlySet<ObservationKind>> {
  const byName = new Map(layers.map((layer) => [layer.value, layer]));
  const wanted = new Map<ObservedLayer, Set<ObservationKind>>();
  for (const { layer: name, kind } of observations) {
    const layer = byName.get(name);
    if (!layer) throw problem('internal', `“${name}” is not a layer of this run.`);
    wanted.set(layer, (wanted.get(layer) ?? new Set()).add(kind));
  }
  return wanted;
}

/** Positions that each sampled layer may copy per unit and example. */
function sampleShares(
  wanted: ReadonlyMap<ObservedLayer, ReadonlySet<ObservationKind>>,
  budget: number | undefined,
): ReadonlyMap<ObservedLayer, number> {
  const sampled = [...wanted].filter(([, kinds]) => kinds.has('sample')).map(([layer]) => layer);
  const sizes = sampled.map(valuesPerExample);
  const shares = shareBudget(sizes, budget ?? sampleBudget(sizes));
  return new Map(
    sampled.map((layer, index) => [layer, Math.max(1, Math.floor((shares[index] ?? 0) / Math.max(1, layer.units)))]),
  );
}

/** Undefined where it changes from input to input. */
function valuesPerExample(layer: ObservedLayer): number | undefined {
  const dims = knownDims(layer);
  const { example } = unfoldedAxes(layer);
  const own = dims.filter((_, axis) => axis !== example);
  return own.includes(-1) ? undefined : elementCount(own);
}

function reducesInGraph(layer: ObservedLayer, kinds: ReadonlySet<ObservationKind>, opset: number): boolean {
  const { positions } = unfoldedAxes(layer);
  const size = valuesPerExample(layer);
  if (positions.length === 0 || opset < OLDEST_OPSET) return false;
  if (size === undefined && opset < OPEN_AXES_OPSET) return false;
  if (kinds.has('first-nonzero-position') && positions.length > 1) return false;
  return size === undefined || size > SMALL_LAYER_VALUES;
}
