/** What a person asks a circuit of, as it stands in the form. */
import { DEFAULT_FEATURES, type CircuitRequest, type CircuitTarget } from '../../src/protocol/circuits.js';

export interface CircuitForm {
  readonly source: CircuitRequest['input']['kind'];
  readonly text: string;
  /** From 0. */
  readonly input: number;
  readonly target: CircuitTarget['kind'];
  /** Tokens of a difference by their text or number; "" for the likeliest, and the second. */
  readonly plus: string;
  readonly minus: string;
  readonly layer: number;
  readonly feature: number;
  /** From 0; undefined: the last token. */
  readonly position: number | undefined;
}

export const FIRST_FORM: CircuitForm = {
  source: 'prompt',
  text: '',
  input: 0,
  target: 'likely',
  plus: '',
  minus: '',
  layer: 0,
  feature: 0,
  position: undefined,
};

export function requestOf(form: CircuitForm): CircuitRequest {
  return {
    input: form.source === 'prompt' ? { kind: 'prompt', text: form.text } : { kind: 'input', index: form.input },
    target: targetOf(form),
    ...(form.position === undefined ? {} : { position: form.position }),
    maximumFeatures: DEFAULT_FEATURES,
  };
}

function targetOf({ target, plus, minus, layer, feature }: CircuitForm): CircuitTarget {
  switch (target) {
    case 'likely':
      return { kind: 'likely' };
    case 'difference':
      return {
        kind: 'difference',
        ...(plus.trim() === '' ? {} : { token: plus.trim() }),
        ...(minus.trim() === '' ? {} : { minus: minus.trim() }),
      };
    case 'feature':
      return { kind: 'feature', layer, feature };
  }
}
