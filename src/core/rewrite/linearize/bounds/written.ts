import type { AttributeValue } from '../../nodes.js';
import type { GraphWriter } from '../../graph-writer.js';

/** A node as it was written. */
export interface WrittenNode {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly outputs: readonly string[];
  /** Written as a copy of a node of the model, or with a body of its own: what it does is not looked into. */
  readonly opaque: boolean;
}

/** A writer, and in order what was written through it. */
export interface Trace {
  readonly writer: GraphWriter;
  readonly nodes: readonly WrittenNode[];
}

export function traced(inner: GraphWriter): Trace {
  const nodes: WrittenNode[] = [];
  const writer: GraphWriter = {
    ...inner,
    node(opType, inputs, attributes = {}) {
      const output = inner.node(opType, inputs, attributes);
      const opaque = Object.values(attributes).some((value) => typeof value === 'object' && 'graph' in value);
      nodes.push({ opType, inputs, attributes, outputs: [output], opaque });
      return output;
    },
    copy(node, inputs, count) {
      const outputs = inner.copy(node, inputs, count);
      nodes.push({ opType: node.opType, inputs, attributes: {}, outputs, opaque: true });
      return outputs;
    },
  };
  return { writer, nodes };
}
