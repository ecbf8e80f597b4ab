/** What two parts of a graph must share to be the same thing twice: operators, attributes, wiring and weight shapes. */
import type { AttributeProto } from '../formats/onnx/onnx_pb.js';
import type { Graph, GraphNode } from './graph.js';

export interface PartStructure {
  /** Equal for parts of equal structure. */
  readonly key: number;
  /** Values from outside that are read, constants left out, in the order of reading. */
  readonly reads: readonly string[];
}

export interface StructureKeys {
  /** @param nodes a part of the graph, in a fixed order. @param name what parts must share besides. */
  ofPart(nodes: readonly GraphNode[], name: string): PartStructure;
}

/** Longer lists and texts are compared by their beginnings. */
const COMPARED = 64;

export function structureKeys(graph: Graph): StructureKeys {
  const known = new Map<string, number>();
  const nodes = new Map<GraphNode, number>();
  const intern = (text: string): number => {
    const key = known.get(text) ?? known.size;
    known.set(text, key);
    return key;
  };
  const ofNode = (node: GraphNode): number => {
    const key = nodes.get(node) ?? intern(nodeText(graph, node));
    nodes.set(node, key);
    return key;
  };
  return {
    ofPart(part, name) {
      const made = new Map<string, string>();
      part.forEach((node, place) => node.outputs.forEach((value, output) => made.set(value, `${place}.${output}`)));
      const outside = new Map<string, number>();
      const texts = part.map((node) => {
        const wires = node.inputs.map((value) => {
          if (value === '' || graph.initializer(value) !== undefined) return '';
          const inner = made.get(value);
          if (inner !== undefined) return inner;
          const outer = outside.get(value) ?? outside.size;
          outside.set(value, outer);
          return `o${outer}`;
        });
        return `${ofNode(node)}:${wires.join()}`;
      });
      return { key: intern(`${name} ${texts.join(' ')}`), reads: [...outside.keys()] };
    },
  };
}

/** A node without its name and its neighbours. */
function nodeText(graph: Graph, node: GraphNode): string {
  const inputs = node.inputs.map((value) => {
    const tensor = value === '' ? undefined : graph.initializer(value);
    return tensor === undefined ? value === '' : [tensor.dataType, tensor.dims.slice(0, COMPARED).map(String)];
  });
  const attributes = node.proto.attribute
    .slice(0, COMPARED)
    .map(attributeValues)
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return JSON.stringify([node.domain, node.opType, inputs, node.outputs.length, attributes]);
}

function attributeValues(attribute: AttributeProto): readonly unknown[] {
  const { name, type, refAttrName, f, i, s, t, g, floats, ints, strings } = attribute;
  return [
    name.slice(0, COMPARED),
    type,
    refAttrName.slice(0, COMPARED),
    f,
    String(i),
    [...s.subarray(0, COMPARED)],
    floats.slice(0, COMPARED),
    ints.slice(0, COMPARED).map(String),
    strings.slice(0, COMPARED).map((text) => [...text.subarray(0, COMPARED)]),
    t === undefined ? undefined : [t.dataType, t.dims.slice(0, COMPARED).map(String)],
    g === undefined ? undefined : g.node.slice(0, COMPARED).map(({ opType }) => opType.slice(0, COMPARED)),
  ];
}
