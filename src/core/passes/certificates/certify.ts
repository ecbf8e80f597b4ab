/** Bounds of a network over a box, and over the parts of it when it is cut. */
import type { Graph } from '../../graph/graph.js';
import { bisected, united, type Box, type Ends } from '../../rewrite/linearize/bounds/box.js';
import type { BoundsRun, BoxBounds, Rows, TargetBounds } from '../../rewrite/linearize/bounds/run-bounds.js';
import type { Bounds } from '../../rewrite/linearize/bounds/write-bounds.js';
import { inBoth, judgeClasses, type ClassVerdicts } from './classes.js';
import { undecidedSites } from './questions.js';

export interface Certified {
  /** Of the inputs themselves, too. */
  readonly targets: ReadonlyMap<string, TargetBounds>;
  readonly classes: ReadonlyMap<string, ClassVerdicts>;
  /** Cuts that were made. */
  readonly splits: number;
}

export interface CertifyRequest {
  readonly graph: Graph;
  readonly bounds: Bounds;
  readonly run: BoundsRun;
  readonly box: Box;
  readonly rows: Rows;
  /** Outputs of activation layers whose units are judged. */
  readonly units: ReadonlySet<string>;
  /** Ends whose elements are classes. */
  readonly classes: readonly string[];
  /** Cuts at most. */
  readonly splits: number;
  readonly signal: AbortSignal;
}

interface Part {
  readonly box: Box;
  readonly found: BoxBounds;
  /** Sites of which nothing is proven in this part. */
  readonly undecided: number;
}

/**
 * The part with the most undecided sites is cut in two, in the middle of the input that widens the bounds most (|gradient| ·
 * width, the gradient being that of the bounds), until there are no more cuts or nothing is undecided. A part keeps what is
 * known of what it was cut from, so that no cut loses anything. What holds in all parts holds in the box.
 * @throws ProblemError as engines do; CancelledError.
 */
export async function certify(request: CertifyRequest): Promise<Certified> {
  const { run, rows, splits, signal } = request;
  const examine = async (box: Box, around?: BoxBounds): Promise<Part> => {
    const found = await run.bound(box, rows, signal, around);
    return { box, found, undecided: undecidedIn(request, box, found) };
  };
  const parts = [await examine(request.box)];
  let made = 0;
  for (; made < splits; made++) {
    const worst = parts.reduce((most, part) => (part.undecided > most.undecided ? part : most));
    const widest = worst.undecided === 0 ? undefined : widestInput(worst);
    if (widest === undefined) break;
    const halves = bisected(worst.box, widest.value, widest.element);
    const cut = [await examine(halves[0], worst.found), await examine(halves[1], worst.found)];
    parts.splice(parts.indexOf(worst), 1, ...cut);
  }
  const ofBox = [...request.box].map(([value, ends]): [string, TargetBounds] => [
    value,
    { ...ends, method: 'intervals' },
  ]);
  const targets = new Map([...ofBox, ...unitedTargets(parts)]);
  return { targets, classes: unitedClasses(request, parts), splits: made };
}

function undecidedIn({ graph, bounds, units }: CertifyRequest, box: Box, { targets }: BoxBounds): number {
  return bounds.steps
    .filter(({ output }) => units.has(output))
    .reduce((sum, { node }) => sum + undecidedSites(graph, node, (value) => targets.get(value) ?? box.get(value)), 0);
}

/** Where CROWN looked at nothing, the widest. */
function widestInput({ box, found }: Part): { readonly value: string; readonly element: number } | undefined {
  let best: { readonly value: string; readonly element: number } | undefined;
  let most = 0;
  for (const [value, { lower, upper }] of box) {
    const influence = found.influence.get(value);
    lower.forEach((low, element) => {
      const width = (upper[element] ?? low) - low;
      const gain = width > 0 ? (influence?.[element] ?? width) : 0;
      if (!(gain > most)) return;
      most = gain;
      best = { value, element };
    });
  }
  return best;
}

function unitedTargets(parts: readonly Part[]): Map<string, TargetBounds> {
  const targets = new Map<string, TargetBounds>();
  for (const { found } of parts) {
    for (const [target, ends] of found.targets) {
      const before: Ends | undefined = targets.get(target);
      targets.set(target, before === undefined ? ends : { ...united(before, ends), method: ends.method });
    }
  }
  return targets;
}

function unitedClasses({ classes }: CertifyRequest, parts: readonly Part[]): Map<string, ClassVerdicts> {
  const all = new Map<string, ClassVerdicts>();
  for (const { found } of parts) {
    for (const end of classes) {
      const ends = found.targets.get(end);
      if (ends === undefined) continue;
      const here = judgeClasses(ends, found.rows.get(end));
      const before = all.get(end);
      all.set(end, before === undefined ? here : inBoth(before, here));
    }
  }
  return all;
}
