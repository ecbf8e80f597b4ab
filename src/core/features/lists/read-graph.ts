/** Features of attribution graphs as circuit-tracer and Neuronpedia write them: named nodes, supernodes, pinned nodes. */
import { isRecord, passedOver } from './json-record.js';
import { labelOf, sourceText, textOf, type ListedFeature, type ReadList } from './listed.js';

interface Node {
  readonly layer: number;
  readonly feature: number;
}

/**
 * "6_4012_7": feature 4012 of layer 6 at position 7 (`Node.feature_node`); "6_4012" where positions do not matter. Undefined
 * for embeddings (“E_…”), errors and what else is no feature.
 */
function nodeOf(id: unknown): Node | undefined {
  const [, layer, feature] = /^(\d{1,4})_(\d{1,9})(?:_\d{1,9})?$/.exec(textOf(id)) ?? [];
  return layer === undefined || feature === undefined ? undefined : { layer: Number(layer), feature: Number(feature) };
}

export function pinnedFeatures(ids: readonly unknown[]): readonly ListedFeature[] {
  return ids.flatMap((id) => {
    const node = nodeOf(id);
    return node === undefined ? [] : [{ ...node, label: { name: '', note: '' } }];
  });
}

/** `[["name", "id", …], …]`: every feature of a supernode is called what the supernode is. */
export function supernodeFeatures(
  supernodes: readonly unknown[],
  others: readonly ListedFeature[],
  { model }: { readonly model?: string | undefined } = {},
): ReadList {
  let passed = 0;
  const features = supernodes.flatMap((supernode): ListedFeature[] => {
    const [name, ...ids] = Array.isArray(supernode) ? (supernode as readonly unknown[]) : [];
    return ids.flatMap((id) => {
      const node = nodeOf(id);
      if (node === undefined) passed++;
      return node === undefined ? [] : [{ ...node, label: labelOf(name, '') }];
    });
  });
  const of = model === undefined ? {} : { model };
  return {
    format: 'supernodes of a graph',
    features: [...features, ...others].map((each) => ({ ...each, ...of })),
    notes: passedOver(passed),
  };
}

/** Outputs look like features of one more layer; what a node is, is said beside it. */
const NO_FEATURES = new Set(['logit', 'embedding', 'mlp reconstruction error']);

export function graphFeatures(graph: Readonly<Record<string, unknown>>): ReadList {
  const nodes = (Array.isArray(graph.nodes) ? graph.nodes : []).filter(isRecord);
  const parameters = isRecord(graph.qParams) ? graph.qParams : {};
  const metadata = isRecord(graph.metadata) ? graph.metadata : {};
  const outputs = new Set<string>();
  const named = nodes.flatMap((node): ListedFeature[] => {
    const id = textOf(node.node_id);
    if (NO_FEATURES.has(textOf(node.feature_type))) {
      outputs.add(id);
      return [];
    }
    const found = nodeOf(id);
    return found === undefined ? [] : [{ ...found, label: labelOf(node.ppClerp ?? node.clerp, '') }];
  });
  const isFeature = (id: unknown): boolean => !outputs.has(textOf(id));
  const supernodes = (Array.isArray(parameters.supernodes) ? parameters.supernodes : []).map((supernode: unknown) => {
    const [name, ...ids] = Array.isArray(supernode) ? (supernode as readonly unknown[]) : [];
    return [name, ...ids.filter(isFeature)];
  });
  const model = sourceText(metadata.scan);
  const { features, notes } = supernodeFeatures(supernodes, named, { model });
  return { format: 'a graph of circuit-tracer', features, notes };
}
