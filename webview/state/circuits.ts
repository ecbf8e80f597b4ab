/** The circuit that is looked at: found when a person says so, forgotten when model, transcoders or inputs change. */
import { effect, signal } from '@preact/signals';
import type { EdgeMatrix } from '../../src/core/circuits/edge-matrix.js';
import { asProblem, CancelledError, type Problem } from '../../src/core/errors.js';
import type { CircuitAnswer, CircuitRequest } from '../../src/protocol/circuits.js';
import type { OpenedModel } from '../../src/protocol/worker-api.js';
import { host } from './channel.js';
import { logDefect } from './log.js';
import { inputs, openedModel } from './session.js';

export interface FoundCircuit {
  readonly request: CircuitRequest;
  readonly answer: CircuitAnswer;
  readonly edges: EdgeMatrix;
}

export interface CircuitState {
  readonly found?: FoundCircuit;
  readonly failed?: { readonly problem: Problem; readonly request: CircuitRequest };
  /** Under way: how far, 0 to 1, as far as it tells. */
  readonly running?: { readonly progress: number | undefined };
}

export const circuit = signal<CircuitState>({});

let question: AbortController | undefined;

/** What was found before is shown no more. */
export async function findCircuit(request: CircuitRequest): Promise<void> {
  question?.abort();
  const asked = (question = new AbortController());
  const set = (next: CircuitState): void => {
    if (question === asked) circuit.value = next;
  };
  set({ running: { progress: undefined } });
  try {
    const onProgress = (progress: number): void => set({ running: { progress } });
    const answer = await host.circuit(request, asked.signal, onProgress);
    set({ found: { request, answer, edges: await edgesOf(answer, asked.signal) } });
  } catch (error) {
    set(error instanceof CancelledError ? {} : { failed: { problem: asProblem(error), request } });
  }
}

export function cancelCircuit(): void {
  question?.abort();
}

/** In parts: one message of a million edges would hold up everything else. */
async function edgesOf({ id, starts }: CircuitAnswer, asked: AbortSignal): Promise<EdgeMatrix> {
  const size = starts.length - 1;
  const count = starts[size] ?? 0;
  const sources = new Uint32Array(count);
  const weights = new Float32Array(count);
  for (let first = 0; first < count;) {
    const part = await host.circuitEdges({ circuit: id, first }, asked);
    if (part.sources.length === 0) throw new Error('The edges of the circuit ended early.');
    sources.set(part.sources, first);
    weights.set(part.weights, first);
    first += part.sources.length;
  }
  return { size, starts, sources, weights };
}

/** The circuit that is kept behind the page: one that was hidden begins anew. */
async function recall(): Promise<void> {
  const asked = (question = new AbortController());
  try {
    const kept = await host.keptCircuit({}, asked.signal);
    if (kept === undefined) return;
    const edges = await edgesOf(kept.answer, asked.signal);
    if (question === asked) circuit.value = { found: { ...kept, edges } };
  } catch (error) {
    if (!(error instanceof CancelledError)) logDefect(error);
  }
}

function subjectKey(model: OpenedModel | undefined): string | undefined {
  if (model?.transcoders === undefined) return undefined;
  return JSON.stringify([model.overview.fileName, model.transcoders, inputs.value?.recipe]);
}

export function followCircuits(): void {
  let key: string | undefined;
  effect(() => {
    const next = subjectKey(openedModel.value);
    if (next !== key) {
      question?.abort();
      circuit.value = {};
      if (next !== undefined) void recall();
    }
    key = next;
  });
}
