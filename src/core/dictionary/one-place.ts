/** Which dictionaries can be put at one value of a model, which everything that runs them there needs. */
import { problem } from '../errors.js';
import type { Coder } from './coder.js';

/** What is said of a dictionary that reads or writes several places at once: whole sentences. */
export interface NotOnePlace {
  readonly message: string;
  readonly remedy: string;
}

/** @returns undefined for autoencoders and transcoders of one place. */
export function whyNotOnePlace({ kind, reads, writes }: Coder): NotOnePlace | undefined {
  if (kind === 'cross-layer transcoder') {
    const layers = writes.places === 1 ? 'one layer' : `${writes.places} layers`;
    return {
      message: `It is a cross-layer transcoder: its features write to ${layers} together with those of other files. ${OWN_PAGE} Where it fits, its features on inputs and circuits are worked out only for dictionaries that read one value of the model and write one.`,
      remedy:
        'For features and circuits, use transcoders of one layer each, as circuit-tracer, SAELens or Gemma Scope have them.',
    };
  }
  if (reads.places === 1 && writes.places === 1) return undefined;
  return {
    message: `It is a ${kind}: it reads ${placesOf(reads.places)} and writes ${placesOf(writes.places)} (layers or models) at once. ${OWN_PAGE} Where it fits and its features on inputs are worked out only for dictionaries that read one value of the model and write one.`,
    remedy: 'For features, use an autoencoder of one of these places.',
  };
}

/** @throws ProblemError `not-applicable` */
export function assertOnePlace(coder: Coder): void {
  const why = whyNotOnePlace(coder);
  if (why !== undefined) throw problem('not-applicable', why.message, { remedy: why.remedy });
}

const OWN_PAGE = 'Its equation and its weights are shown.';
const placesOf = (count: number): string => (count === 1 ? 'one place' : `${count} places`);
