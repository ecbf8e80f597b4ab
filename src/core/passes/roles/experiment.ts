import { CancelledError, ProblemError, throwIfCancelled } from '../../errors.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import { createSweeps } from '../../experiment/sweeps.js';
import { findRoles } from '../../graph/roles/roles.js';
import type { Tensor } from '../../tensor/tensor.js';
import { displayText } from '../../display-text.js';
import type { Experiment } from '../pass.js';
import { NO_ACTIVATIONS, type Finding, type PassResult, type ResultTable } from '../result.js';
import { amount, count } from '../words.js';
import { EQUATIONS, invariantsOf, type Invariant, type Unchecked } from './invariants.js';
import { writeInvariants } from './write-invariants.js';

/** How far apart the two sides of an invariant were at most, over all inputs. */
export interface Measured {
  readonly invariant: Invariant;
  /** Largest |got − want|. */
  readonly difference: number;
  /** Largest |got − want| / tolerance: it holds up to 1. NaN where a side held NaN. */
  readonly ratio: number;
}

/** The three invariants of formats 2.1 on the data: proof that roles were recognised rightly. */
export const roleInvariants: Experiment = {
  id: 'role-invariants',
  version: 1,
  title: 'Do the roles hold?',
  question: 'Are the parts of the network what their structure says they are?',
  method:
    'Three equations hold in every transformer whose parts are named rightly. The residual stream after a layer is the ' +
    'stream before it, plus what attention adds, plus what the MLP adds. What heads give is the attention pattern times ' +
    'the projected value, whose features are parted into heads anew. What the MLP gives is the matrix of the file, turned ' +
    'as the role says, times its neurons, plus the bias. Both sides of each are computed in the engine for every input, ' +
    'and |difference| must stay within 1e-5 + 1e-4 · Σ|terms| at every position and feature.',
  runsPerInput: 1,
  applies({ graph }) {
    const { layers, mlpBlocks, noLayers = '', noMlpBlocks = '' } = findRoles(graph);
    if (layers.length > 0 || mlpBlocks.some(({ down }) => down.kind === 'dense')) return { applies: true };
    const why = [noMlpBlocks, noLayers].filter((text) => text !== '').join(' ');
    return { applies: false, reason: `There is no role to prove. ${why}` };
  },
  async examine(subject: ExperimentSubject): Promise<PassResult> {
    const { invariants, unchecked } = invariantsOf(subject.graph);
    const refused: Unchecked[] = [];
    const { measured, inputs } = await measureAll(subject, invariants, refused);
    const onInputs = await subject.onInputs(inputs);
    return resultOf(measured, [...unchecked, ...refused], onInputs);
  },
};

/** All invariants in one run; where the engine refuses them together, each alone, so that one cannot hide the others. */
async function measureAll(
  subject: ExperimentSubject,
  invariants: readonly Invariant[],
  refused: Unchecked[],
): Promise<{ readonly measured: readonly Measured[]; readonly inputs: number }> {
  try {
    return await measureInvariants(subject, invariants);
  } catch (error) {
    if (error instanceof CancelledError || !(error instanceof ProblemError)) throw error;
    if (invariants.length === 1 || error.problem.kind === 'invalid-inputs') throw error;
  }
  const measured: Measured[] = [];
  let inputs = 0;
  for (const invariant of invariants) {
    throwIfCancelled(subject.signal);
    try {
      const one = await measureInvariants(subject, [invariant]);
      measured.push(...one.measured);
      inputs = one.inputs;
    } catch (error) {
      if (error instanceof CancelledError || !(error instanceof ProblemError)) throw error;
      const reason = `the engine could not compute it: ${error.problem.message}`;
      refused.push({ place: invariant.place, equation: EQUATIONS[invariant.kind], reason });
    }
  }
  return { measured, inputs };
}

/** Runs all inputs through a network that computes the invariants. @throws CancelledError, ProblemError of the engine. */
export async function measureInvariants(
  subject: ExperimentSubject,
  invariants: readonly Invariant[],
): Promise<{ readonly measured: readonly Measured[]; readonly inputs: number }> {
  const { model, outputs } = writeInvariants(subject.graph, invariants);
  const sweeps = createSweeps(subject, 1);
  sweeps.phase('Computing both sides');
  const session = await sweeps.open(model);
  const differences = new Float64Array(invariants.length);
  const ratios = new Float64Array(invariants.length);
  try {
    const inputs = await sweeps.run({
      session,
      fold(_batch, values) {
        outputs.forEach(({ difference, ratio }, index) => {
          differences[index] = larger(differences[index], numberOf(values[difference]));
          ratios[index] = larger(ratios[index], numberOf(values[ratio]));
        });
      },
    });
    return {
      measured: invariants.map((invariant, index) => ({
        invariant,
        difference: differences[index] ?? NaN,
        ratio: ratios[index] ?? NaN,
      })),
      inputs,
    };
  } finally {
    await session.release();
  }
}

/** NaN is larger than any number: it must not be lost. */
function larger(a: number | undefined, b: number): number {
  if (a === undefined || Number.isNaN(a) || Number.isNaN(b)) return NaN;
  return Math.max(a, b);
}

function numberOf(tensor: Tensor | undefined): number {
  const [value] = (tensor?.data ?? []) as ArrayLike<number> & Iterable<number>;
  return value ?? NaN;
}

function resultOf(measured: readonly Measured[], unchecked: readonly Unchecked[], onInputs: string): PassResult {
  const broken = measured.filter(({ ratio }) => !(ratio <= 1));
  return {
    pass: roleInvariants.id,
    passVersion: roleInvariants.version,
    answer: answerOf(measured, broken, unchecked, onInputs),
    findings: broken.map((each) => findingOf(each, onInputs)),
    ...NO_ACTIVATIONS,
    tables: [provenTable(measured), ...(unchecked.length === 0 ? [] : [uncheckedTable(unchecked)])],
  };
}

function answerOf(
  measured: readonly Measured[],
  broken: readonly Measured[],
  unchecked: readonly Unchecked[],
  onInputs: string,
): string {
  const largest = Math.max(0, ...measured.filter(({ ratio }) => ratio <= 1).map(({ ratio }) => ratio));
  const left = unchecked.length === 0 ? '' : ` ${count(unchecked.length)} could not be checked.`;
  if (measured.length === 0) return `No equation could be checked ${onInputs}.${left}`;
  if (broken.length === 0) {
    const apart =
      largest === 0
        ? 'both sides agree to the last bit'
        : `the largest difference is ${amount(largest)} times the tolerance`;
    const all = measured.length === 1 ? 'The one equation holds' : `All ${count(measured.length)} equations hold`;
    return `${all} ${onInputs}; ${apart}.${left}`;
  }
  const some =
    measured.length === 1
      ? 'The one equation does'
      : `${count(broken.length)} of ${count(measured.length)} equations do`;
  return `${some} not hold ${onInputs}: do not rely on these roles.${left}`;
}

function findingOf({ invariant, difference, ratio }: Measured, onInputs: string): Finding {
  const apart = Number.isNaN(ratio)
    ? 'its sides are not numbers (NaN)'
    : `its sides differ by up to ${amount(difference)}, ${amount(ratio)} times the tolerance`;
  return {
    severity: 'warning',
    weight: Number.isNaN(ratio) ? 1 : 1 - 1 / (1 + ratio),
    sentence: `In ${displayText(invariant.place)}, ${EQUATIONS[invariant.kind]} does not hold ${onInputs}: ${apart}.`,
    advice:
      'The structure was read wrongly there, or the network holds values that are not finite. Do not use hook names of this layer for dictionaries.',
  };
}

function provenTable(measured: readonly Measured[]): ResultTable {
  return {
    id: 'role-invariants',
    title: 'Equations between roles',
    definition:
      'Largest |got − want| over all inputs, positions and features, and the largest ratio of it to the tolerance 1e-5 + 1e-4 · Σ|terms|; an equation holds up to a ratio of 1 (methods section 0).',
    columns: [
      { id: 'place', label: 'Where', format: 'text' },
      { id: 'equation', label: 'Equation', format: 'text' },
      { id: 'holds', label: 'Holds', format: 'text' },
      { id: 'ratio', label: 'Times the tolerance', format: 'number' },
      { id: 'difference', label: 'Largest difference', format: 'number' },
      { id: 'value', label: 'Value', format: 'text' },
    ],
    rows: measured.map(({ invariant, difference, ratio }) => ({
      cells: [
        displayText(invariant.place),
        EQUATIONS[invariant.kind],
        ratio <= 1 ? 'yes' : 'no',
        ratio,
        difference,
        displayText(invariant.output),
      ],
    })),
  };
}

function uncheckedTable(unchecked: readonly Unchecked[]): ResultTable {
  return {
    id: 'role-invariants-unchecked',
    title: 'Equations that could not be checked',
    definition: 'Each with the reason.',
    columns: [
      { id: 'place', label: 'Where', format: 'text' },
      { id: 'equation', label: 'Equation', format: 'text' },
      { id: 'reason', label: 'Reason', format: 'text' },
    ],
    rows: unchecked.map(({ place, equation, reason }) => ({ cells: [displayText(place), equation, reason] })),
  };
}
