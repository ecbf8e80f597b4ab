/**
 * Controls (methods section 1): the passes of a result run again through the same code, on a network whose weights mean
 * nothing, or on inputs whose order means nothing; passes that ask for it also on inputs of noise (methods F). A number
 * that these give too says nothing about what was trained, or about the inputs.
 */
import type { Finding, PassResult } from '../passes/result.js';

/** Also the order in which they run and are shown. */
export const CONTROLS = ['random-weights', 'shuffled-inputs', 'noise-inputs'] as const;

export type Control = (typeof CONTROLS)[number];

export const CONTROL_NAMES: Readonly<Record<Control, string>> = {
  'random-weights': 'random weights',
  'shuffled-inputs': 'shuffled inputs',
  'noise-inputs': 'N(0, 1) noise',
};

/** What a control keeps of a pass: what stands beside the numbers of the result. */
export interface ControlledPass extends Pick<
  PassResult,
  'pass' | 'passVersion' | 'headlines' | 'layerMetrics' | 'curves'
> {
  readonly findings: readonly Pick<Finding, 'kind' | 'layer' | 'weight'>[];
}

/** One run of a control, over as many inputs as the result beside it rests on. */
export interface ControlRun {
  readonly control: Control;
  readonly seed: number;
  /** What was changed, with its numbers: one or two sentences. */
  readonly description: string;
  readonly inputsSeen: number;
  readonly passes: readonly ControlledPass[];
  readonly seconds: number;
}

export interface Controls {
  readonly runs: readonly ControlRun[];
  /** Controls that do not apply here, with the reason. */
  readonly notRun: readonly { readonly control: Control; readonly reason: string }[];
}

export const NO_CONTROLS: Controls = { runs: [], notRun: [] };

export function controlledPass({
  pass,
  passVersion,
  headlines,
  layerMetrics,
  curves,
  findings,
}: PassResult): ControlledPass {
  return {
    pass,
    passVersion,
    ...(headlines === undefined ? {} : { headlines }),
    layerMetrics,
    curves,
    findings: findings.map(({ kind, layer, weight }) => ({
      ...(kind === undefined ? {} : { kind }),
      ...(layer === undefined ? {} : { layer }),
      weight,
    })),
  };
}

/** "random weights"; with the seed from the second on. */
export function controlLabel({ control, seed }: Pick<ControlRun, 'control' | 'seed'>): string {
  return seed === 1 ? CONTROL_NAMES[control] : `${CONTROL_NAMES[control]}, seed ${seed}`;
}

/** What is known with the new: each control and seed once, in order, with the passes of both. */
export function withControls(known: Controls, fresh: Controls): Controls {
  const same = (run: ControlRun, among: Controls): ControlRun | undefined =>
    among.runs.find(({ control, seed }) => control === run.control && seed === run.seed);
  const runs = [
    ...known.runs.filter((run) => same(run, fresh) === undefined),
    ...fresh.runs.map((run) => {
      const redone = new Set(run.passes.map(({ pass }) => pass));
      const kept = same(run, known)?.passes.filter(({ pass }) => !redone.has(pass)) ?? [];
      return { ...run, passes: [...run.passes, ...kept] };
    }),
  ];
  runs.sort((a, b) => CONTROLS.indexOf(a.control) - CONTROLS.indexOf(b.control) || a.seed - b.seed);
  return { runs, notRun: fresh.notRun };
}
