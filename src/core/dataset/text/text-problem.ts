import { problem } from '../../errors.js';

/** What is wrong with a tokenizer file; every one of them has the same way out. */
export function unusableTokenizer(place: string, what: string): Error {
  return problem('invalid-inputs', `The tokenizer file ${what}.`, {
    place,
    remedy: 'Choose the tokenizer.json that was saved with the model, or a vocabulary with one token per line.',
  });
}

/** What is wrong with a text that was chosen as input. */
export function unusableText(place: string, message: string, remedy: string): Error {
  return problem('invalid-inputs', message, { place, remedy });
}
