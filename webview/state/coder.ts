/** What the dictionary that is open computes: asked for once it is shown, and again with every answer. */
import { signal } from '@preact/signals';
import type { Answers, CoderDescription } from '../../src/protocol/dictionary.js';
import { attempt } from './attempt.js';
import { host } from './channel.js';

export const coder = signal<CoderDescription | undefined>(undefined);

/** @param answers what the person says now; the host remembers it, and what was said before. */
export async function askCoder(answers?: Answers): Promise<void> {
  await attempt(
    host.coder(answers === undefined ? {} : { answers }).then((description) => {
      coder.value = description;
    }),
  );
}
