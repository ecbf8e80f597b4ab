/**
 * Ids of the graph's items. In the main graph "#12" is node 12, "#input 0" and "#output 0" the graph's own, "#outer 0" a
 * value from around a body, all others are modules. Items of a body have its path in front: "#12.0/#5" is node 5 of the
 * first body of node 12.
 */
import type { GraphNode } from './graph.js';

/** A step into a body: of which node, and which of its bodies. */
export interface ScopeStep {
  readonly node: number;
  readonly body: number;
}

/** From the main graph inwards; empty for the main graph itself. */
export type ScopePath = readonly ScopeStep[];

/** Functions may call themselves: deeper paths lead nowhere. */
export const MAXIMUM_SCOPE_DEPTH = 16;

export function nodeId(node: GraphNode): string {
  return `#${node.index}`;
}

export function inputId(position: number): string {
  return `#input ${position}`;
}

export function outputId(position: number): string {
  return `#output ${position}`;
}

export function outerValueId(position: number): string {
  return `#outer ${position}`;
}

/** "#12.0", "#12.0/#3.1"; "" for the main graph. */
export function scopeId(path: ScopePath): string {
  return path.map(({ node, body }) => `#${node}.${body}`).join('/');
}

/** The id of an item of a body, from its id within the body. */
export function idInScope(path: ScopePath, id: string): string {
  return path.length === 0 ? id : `${scopeId(path)}/${id}`;
}

/** The id that an item has within its body, from the one that it has in the whole model. */
export function idWithinScope(path: ScopePath, id: string): string {
  const front = `${scopeId(path)}/`;
  return path.length > 0 && id.startsWith(front) ? id.slice(front.length) : id;
}

export type ItemReference = { readonly scope: ScopePath } & (
  | { readonly kind: 'node' | 'input' | 'output' | 'outer'; readonly index: number }
  | { readonly kind: 'module'; readonly id: string }
);

/** What an id refers to; whether it exists is for the graph to say. */
export function itemOfId(id: string): ItemReference {
  const scope: ScopeStep[] = [];
  let local = id;
  for (let step = firstStep(local, '/'); step !== undefined; step = firstStep(local, '/')) {
    if (scope.length === MAXIMUM_SCOPE_DEPTH) break;
    scope.push(step.step);
    local = local.slice(step.length);
  }
  const [, word, digits] = /^#(input |output |outer )?(\d{1,9})$/.exec(local) ?? [];
  if (digits === undefined) return { scope, kind: 'module', id: local };
  const index = Number(digits);
  switch (word) {
    case 'input ':
      return { scope, kind: 'input', index };
    case 'output ':
      return { scope, kind: 'output', index };
    case 'outer ':
      return { scope, kind: 'outer', index };
    default:
      return { scope, kind: 'node', index };
  }
}

/** The path that {@link scopeId} wrote; undefined for any other text. */
export function scopeOfId(id: string): ScopePath | undefined {
  if (id === '') return [];
  const steps = id.length > MAXIMUM_SCOPE_DEPTH * 20 ? [] : id.split('/').map((part) => firstStep(part, '')?.step);
  const path = steps.filter((step) => step !== undefined);
  return path.length === steps.length && path.length > 0 && path.length <= MAXIMUM_SCOPE_DEPTH ? path : undefined;
}

/** Node and body at the front of an id, where `end` follows them. */
function firstStep(id: string, end: '/' | ''): { readonly step: ScopeStep; readonly length: number } | undefined {
  const [whole, node, body] = (end === '/' ? /^#(\d{1,9})\.(\d{1,4})\// : /^#(\d{1,9})\.(\d{1,4})$/).exec(id) ?? [];
  if (whole === undefined) return undefined;
  return { step: { node: Number(node), body: Number(body) }, length: whole.length };
}
