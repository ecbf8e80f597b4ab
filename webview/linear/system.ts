/** A system that was described: what every part of the view starts from. */
import type { SystemDescription, SystemRequest } from '../../src/protocol/linear.js';
import { openedModel } from '../state/session.js';
import { inputNumber } from '../../src/core/told-numbers.js';

export interface System {
  readonly request: SystemRequest;
  readonly description: SystemDescription;
}

/** Names a system among others. */
export function systemKey({ example, from, to, reading }: SystemRequest): string {
  return JSON.stringify([example, from, to, reading]);
}

/** What the numbers rest on: stands under every picture that leaves the page. */
export function systemFoot({ request, description: { from, to } }: System): string {
  const model = openedModel.peek()?.overview.fileName ?? 'model';
  const read = request.reading === 'frozen' ? 'held as it acted' : 'derivative';
  return `${model}, input ${inputNumber(request.example)}, ${from.label} → ${to.label} (${read})`;
}
