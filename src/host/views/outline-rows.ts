/** The model's modules and layers as a tree with what a run found out about each. */
import { percent } from '../../core/passes/words.js';
import type { ResultSummary } from '../../protocol/inspection.js';
import type { Selection } from '../../protocol/selection.js';
import type { OutlineEntry } from '../../protocol/model.js';

export interface OutlineRow {
  readonly entry: OutlineEntry;
  readonly parent: OutlineRow | undefined;
  readonly children: readonly OutlineRow[];
  /** Layers inside: its own, and those of everything below. */
  readonly layers: readonly string[];
}

export interface OutlineTree {
  readonly roots: readonly OutlineRow[];
  readonly byId: ReadonlyMap<string, OutlineRow>;
  readonly byLayer: ReadonlyMap<string, OutlineRow>;
}

export function outlineTree(entries: readonly OutlineEntry[]): OutlineTree {
  const byId = new Map<string, OutlineRow>();
  const byLayer = new Map<string, OutlineRow>();
  const rowOf = (entry: OutlineEntry, parent: OutlineRow | undefined): OutlineRow => {
    const children: OutlineRow[] = [];
    const layers: string[] = entry.layer === undefined ? [] : [entry.layer];
    const row: OutlineRow = { entry, parent, children, layers };
    byId.set(entry.id, row);
    if (entry.layer !== undefined) byLayer.set(entry.layer, row);
    for (const child of entry.children) {
      const childRow = rowOf(child, row);
      children.push(childRow);
      layers.push(...childRow.layers);
    }
    return row;
  };
  return { roots: entries.map((entry) => rowOf(entry, undefined)), byId, byLayer };
}

/** The row that stands for a selection: the layer's where one is selected, else the module's or node's. */
export function rowOfSelection(tree: OutlineTree, selection: Selection): OutlineRow | undefined {
  if (selection.layer !== undefined) return tree.byLayer.get(selection.layer);
  return selection.item === undefined ? undefined : tree.byId.get(selection.item);
}

/** What selecting a row selects everywhere else; `undefined` where that is selected already (a unit of it may be). */
export function selectionOfRow(row: OutlineRow, current: Selection): Selection | undefined {
  if (row.entry.layer !== undefined) {
    return current.layer === row.entry.layer ? undefined : { layer: row.entry.layer };
  }
  return current.item === row.entry.id && current.layer === undefined ? undefined : { item: row.entry.id };
}

export interface Decoration {
  /** "22 % dead · 61 % zero". */
  readonly text: string;
  readonly level: 'none' | 'some' | 'much';
}

/** Shown beside the label, in this order. */
const decorated = [
  { metric: 'layer-dead-share', word: 'dead' },
  { metric: 'layer-zero-share', word: 'zero' },
] as const;
/** From this share of dead units on, a row is coloured as a warning. */
const muchDead = 0.2;

/** Shares of a row: a layer's own, a module's as the mean over its layers weighted by their units. */
export function decorate(row: OutlineRow, result: ResultSummary | undefined): Decoration {
  if (result === undefined) return { text: '', level: 'none' };
  const units = new Map(result.layers.map((layer) => [layer.value, layer.units]));
  const metrics = result.passes.flatMap((pass) => pass.layerMetrics);
  const share = (metric: string): number | undefined => {
    const values = metrics.find((candidate) => candidate.id === metric)?.values;
    let sum = 0;
    let weight = 0;
    for (const layer of row.layers) {
      const value = values?.[layer];
      const count = units.get(layer);
      if (value === undefined || count === undefined || !Number.isFinite(value)) continue;
      sum += value * count;
      weight += count;
    }
    return weight === 0 ? undefined : sum / weight;
  };
  const parts = decorated.flatMap(({ metric, word }) => {
    const value = share(metric);
    return value === undefined || value === 0 ? [] : [`${percent(value)} ${word}`];
  });
  const dead = share('layer-dead-share') ?? 0;
  return { text: parts.join(' · '), level: dead === 0 ? 'none' : dead < muchDead ? 'some' : 'much' };
}
