/** A model cut at several values, the cuts in one graph: opening an engine's session takes longer than running them. */
import { create } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from '../../src/core/formats/onnx/onnx_pb.js';
import { everyGraph } from '../../src/core/formats/onnx/walk.js';
import { prune } from '../../src/core/rewrite/prune.js';

export interface Cuts {
  readonly model: ModelProto;
  /** The name of each output, and the value that the model was cut at. */
  readonly names: ReadonlyMap<string, string>;
}

/** Nodes of one graph: beyond some hundred, opening takes as long as it would in parts. */
const MAXIMUM_NODES = 600;

/**
 * Every cut is a copy of the nodes that {@link prune} leaves of the model, with values of its own: cuts share inputs
 * and initializers and nothing else. Models with bodies, which read values of the graph around them, are cut alone.
 */
export function sideBySide(model: ModelProto, values: readonly string[]): Cuts[] {
  if ([...everyGraph(model)].length > 1)
    return values.map((value) => ({ model: prune(model, [value]), names: new Map([[value, value]]) }));
  const groups: { size: number; readonly values: string[] }[] = [];
  for (const value of values) {
    const size = prune(model, [value]).graph?.node.length ?? 0;
    const last = groups.at(-1);
    if (last !== undefined && last.size + size <= MAXIMUM_NODES) {
      last.size += size;
      last.values.push(value);
    } else groups.push({ size, values: [value] });
  }
  return groups.map(({ values: together }) => joined(model, together));
}

function joined(model: ModelProto, values: readonly string[]): Cuts {
  const shared = prune(model, values);
  const names = new Map<string, string>();
  const node = [];
  const output = [];
  for (const [index, value] of values.entries()) {
    const cut = prune(model, [value]);
    const made = new Set(cut.graph?.node.flatMap((each) => each.output));
    const rename = (name: string): string => (name !== '' && made.has(name) ? `cut ${index}: ${name}` : name);
    for (const each of cut.graph?.node ?? [])
      node.push({ ...each, name: '', input: each.input.map(rename), output: each.output.map(rename) });
    for (const info of cut.graph?.output ?? []) output.push({ ...info, name: rename(info.name) });
    names.set(rename(value), value);
  }
  const graph = shared.graph && { ...shared.graph, node, output };
  return { model: create(ModelProtoSchema, { ...shared, graph }), names };
}
