/** Ids of the graph's items: "#12" is node 12, "#input 0" and "#output 0" the graph's own, all others are modules. */
import type { GraphNode } from './graph.js';

export function nodeId(node: GraphNode): string {
  return `#${node.index}`;
}

export function inputId(position: number): string {
  return `#input ${position}`;
}

export function outputId(position: number): string {
  return `#output ${position}`;
}

export type ItemReference =
  | { readonly kind: 'node' | 'input' | 'output'; readonly index: number }
  | { readonly kind: 'module'; readonly id: string };

/** What an id refers to; whether it exists is for the graph to say. */
export function itemOfId(id: string): ItemReference {
  const [, word, digits] = /^#(input |output )?(\d{1,9})$/.exec(id) ?? [];
  if (digits === undefined) return { kind: 'module', id };
  return { kind: word === undefined ? 'node' : word === 'input ' ? 'input' : 'output', index: Number(digits) };
}
