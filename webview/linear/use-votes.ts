import type { Vote } from '../../src/protocol/linear.js';
import { host } from '../state/channel.js';
import { useResource, type Resource } from '../state/resource.js';
import type { System } from './system.js';

/** Votes and ledger of some outputs; those that were there stay in sight while others are added. */
export function useVotes(system: System | undefined, outputs: readonly number[]): Resource<readonly Vote[]> {
  return useResource(
    system && ((signal) => host.linearVotes({ system: system.request, outputs }, signal)),
    [system, outputs.join()],
    true,
  );
}
