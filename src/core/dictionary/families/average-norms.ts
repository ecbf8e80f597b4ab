/** OpenMOSS’s scaling of activations to an average norm of √d, and back; Llama Scope and Llamascopium share it. */
import type { Normalisation } from '../coder.js';
import type { Facts, Known } from '../facts.js';

/** A stated mode that needs no average norms. */
export function withoutAverageNorms(facts: Facts): Known<Normalisation> | undefined {
  const mode = facts.stated('norm_activation');
  if (mode?.value === 'inference') return { value: { kind: 'none' }, because: mode.because };
  if (mode?.value === 'token-wise') return { value: { kind: 'unit-norm', undone: true }, because: mode.because };
  return undefined;
}

/** What is read is scaled by √d over its average norm; what comes out, by the average norm of what is written over √d. */
export function byAverageNorms(
  input: Known<number>,
  output: Known<number>,
  widths: { readonly input: number; readonly output: number },
): Known<Normalisation> {
  return {
    value: {
      kind: 'scale',
      input: Math.sqrt(widths.input) / input.value,
      output: output.value / Math.sqrt(widths.output),
    },
    because: `${input.because} ${output.because}`,
  };
}
