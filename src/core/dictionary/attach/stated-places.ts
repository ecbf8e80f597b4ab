/** Where a dictionary belongs, by the configuration beside it: ONNX values, hook names, numbers of layers. */
import type { Configuration } from '../../formats/dictionary-configuration.js';
import { statedSite } from '../../formats/dictionary-signature.js';
import type { Graph } from '../../graph/graph.js';
import { onlyReader } from '../../graph/roles/pass-through.js';
import { projectionOf } from '../../graph/roles/projection.js';
import { findRoles } from '../../graph/roles/roles.js';

export interface StatedPlaces {
  /** ONNX values or hook names, as written, best first. */
  readonly reads: readonly string[];
  /** Only where it says so: what an autoencoder writes is what it reads. */
  readonly writes: readonly string[];
  /** A layer that is only numbered. */
  readonly layer?: number;
}

/** @param path of the dictionary, whose folders may number the layer */
export function statedPlaces(configuration: Configuration, path: string): StatedPlaces {
  const text = (...keys: string[]): string[] =>
    keys.flatMap((key) => {
      const value = configuration.first(key)?.value;
      return typeof value === 'string' && value !== '' ? [value] : [];
    });
  const numbered =
    configuration.first('layer', 'hook_layer', 'metadata.hook_layer')?.value ?? /layer_(\d+)\./.exec(path)?.[1];
  const layer = numbered === undefined ? undefined : Number(numbered);
  // circuit-tracer names hooks without their layer.
  const whole = (names: readonly string[]): string[] =>
    names.flatMap((name) =>
      layer !== undefined && !name.startsWith('blocks.') ? [name, `blocks.${layer}.${name}`] : [name],
    );
  const site = statedSite(configuration)?.value;
  return {
    reads: whole([...text('metadata.onnx_value'), ...(typeof site === 'string' ? [site] : [])]),
    writes: whole(
      text(
        'metadata.onnx_value_out',
        'hook_name_out',
        'metadata.hook_name_out',
        'hook_point_out',
        'out_hook_point',
        'feature_output_hook',
      ),
    ),
    ...(layer !== undefined && Number.isSafeInteger(layer) ? { layer } : {}),
  };
}

/** A name of `names` that the graph has, and the value behind it. */
export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/**
 * @param width of what is read or written there; absent: of no matter what width.
 * @returns the first of `names` that is a value of the graph, or the hook name of one.
 */
export function valueNamed(graph: Graph, names: readonly string[], width?: number): NamedValue | undefined {
  for (const name of names) {
    const value = graph.producerOf(name) === undefined ? hooked(graph, name, width) : name;
    if (value !== undefined) return { name, value };
  }
  return undefined;
}

/** Of z, which has an axis of heads, a dictionary of all of them reads what the output projection does: heads side by side. */
function hooked(graph: Graph, name: string, width: number | undefined): string | undefined {
  const point = findRoles(graph).points.find(({ hooks }) => hooks.includes(name));
  if (point?.role !== 'z') return point?.value;
  const reader = onlyReader(graph, point.value);
  const projection = reader === undefined ? undefined : projectionOf(graph, reader.node);
  return projection !== undefined && projection.inputs === width && projection.input === reader?.reads
    ? projection.input
    : point.value;
}
