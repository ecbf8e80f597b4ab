import type { NamedTensors } from '../tensor/tensor.js';
import type { Session } from './engine.js';

/** The feeds that a session takes: inputs that no wanted value needs are not in a rewritten graph. */
export function usedFeeds(session: Session, feeds: NamedTensors): NamedTensors {
  const used = new Set(session.inputNames);
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => used.has(name)));
}
