/** Graphs of what one value of the network is made up of, with everything held that the `frozen` reading holds. */
import type { Session } from '../engine/engine.js';
import type { SystemModel } from '../linear/system-graphs.js';
import { linearize, type LinearGraph, type LinearPart } from '../rewrite/linearize/linearize.js';
import type { KnownShapes } from '../rewrite/linearize/plan.js';

export interface LinearReader {
  readonly session: Session;
  readonly written: LinearGraph;
}

/**
 * @param from values that are cut: what they are is given, and nothing before them counts.
 * @param beside values of the network that are given besides.
 * @throws ProblemError `not-applicable` where the reader depends on none of them; as the engine does.
 */
export async function openLinearReader(
  { prepared, engine, threads, toRunnable }: SystemModel,
  shapes: KnownShapes,
  from: readonly string[],
  reader: string,
  part: LinearPart,
  beside: readonly string[] = [],
): Promise<LinearReader> {
  const written = linearize({ graph: prepared, shapes, from, to: [reader], reading: 'frozen' }).write([part], beside);
  return { session: await engine.open(toRunnable(written.model), { threads }), written };
}

/** Sessions by reader. Each holds all of the model's weights: of a large model few are open at a time. */
export interface OpenReaders {
  of(reader: string): Promise<LinearReader>;
  release(): Promise<void>;
}

/** @param most that are open at a time; the one used longest ago is closed. */
export function keepReaders(most: number, open: (reader: string) => Promise<LinearReader>): OpenReaders {
  /** The one used last at the end. */
  let kept: { readonly reader: string; readonly opened: LinearReader }[] = [];
  return {
    async of(reader) {
      const known = kept.find((each) => each.reader === reader);
      kept = kept.filter((each) => each !== known);
      for (const oldest of kept.splice(0, Math.max(0, kept.length + 1 - most))) await oldest.opened.session.release();
      const found = known ?? { reader, opened: await open(reader) };
      kept.push(found);
      return found.opened;
    },
    async release() {
      for (const { opened } of kept.splice(0)) await opened.session.release();
    },
  };
}
