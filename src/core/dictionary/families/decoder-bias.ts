/** OpenMOSS's switch that subtracts the decoder's bias from the scaled input; Llama Scope and Llamascopium share it. */
import type { Coder } from '../coder.js';
import type { Facts } from '../facts.js';
import { decideSubtracted, vector } from './parts.js';

/** @param name of the decoder's bias. @param because why nothing is subtracted where nothing is said. */
export function subtractedDecoderBias(facts: Facts, name: string, because: string): Pick<Coder, 'subtracted'> {
  const stated = facts.stated('apply_decoder_bias_to_pre_encoder');
  const isSubtracted = stated?.value === true && facts.has(name);
  decideSubtracted(facts, isSubtracted ? name : undefined, stated?.because ?? because);
  return isSubtracted ? { subtracted: vector(facts, name) } : {};
}
