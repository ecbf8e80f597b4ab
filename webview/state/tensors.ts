/** The table of all tensors of the model, asked for once, page by page. */
import { computed, signal } from '@preact/signals';
import { asProblem, CancelledError, type Problem } from '../../src/core/errors.js';
import type { TensorMetric } from '../../src/core/passes/result.js';
import type { TensorRow } from '../../src/protocol/weights.js';
import { host } from './channel.js';
import { passResults } from './metrics.js';
import { openedModel } from './session.js';

export interface Tensors {
  readonly rows: readonly TensorRow[];
  readonly total: number;
  readonly problem?: Problem;
}

export const tensors = signal<Tensors>({ rows: [], total: 0 });

/** Numbers of each tensor that passes measured. */
export const tensorMetrics = computed<readonly TensorMetric[]>(() =>
  passResults.value.flatMap((pass) => pass.tensorMetrics ?? []),
);

let loadedFor: unknown;

/** Asks for the tensors of the model that is open, unless they are there or under way. */
export function loadTensors(): void {
  const model = openedModel.peek();
  if (model === undefined || loadedFor === model) return;
  loadedFor = model;
  tensors.value = { rows: [], total: model.overview.tensors };
  void load(model);
}

async function load(model: object): Promise<void> {
  try {
    for (;;) {
      const { rows, total } = tensors.peek();
      const page = await host.tensors({ start: rows.length });
      if (loadedFor !== model) return;
      tensors.value = { rows: [...rows, ...page.rows], total: page.total };
      if (page.rows.length === 0 || rows.length + page.rows.length >= total) return;
    }
  } catch (error) {
    if (loadedFor !== model || error instanceof CancelledError) return;
    loadedFor = undefined;
    tensors.value = { ...tensors.peek(), problem: asProblem(error) };
  }
}
