/** What was measured of an attached dictionary, as tables. */
import { AGREEMENT_RULE, agreementOf } from '../../dictionary/attach/agreement.js';
import type { AttachedCoder } from '../../dictionary/attach/attached.js';
import type { MeasuredSite } from '../../dictionary/attach/measure-sites.js';
import type { Replacement, Spliced } from '../../dictionary/attach/splice-losses.js';
import type { RowWord } from './row-word.js';
import { displayText } from '../../display-text.js';
import type { ResultTable } from '../result.js';
import { amount } from '../words.js';

/** The table of places, best first: a row names the values that are read and written, and how they are taken. */
export const SITES_TABLE = 'dictionary-sites';
/** Places that are listed: of a transcoder there are many pairs. */
const MOST_ROWS = 200;

export function equationTable({ equation, name }: AttachedCoder): ResultTable {
  return {
    id: 'dictionary-equation',
    title: `What “${name}” computes`,
    definition:
      'Resolved from its file, the configuration beside it and what you said; its own page says why each switch stands so.',
    columns: [
      { id: 'what', label: 'Step', format: 'text' },
      { id: 'formula', label: 'Equation', format: 'text' },
    ],
    rows: equation.map(({ what, formula }) => ({ cells: [what, formula] })),
  };
}

export function sitesTable(measured: readonly MeasuredSite[], isSame: boolean, word: RowWord): ResultTable {
  return {
    id: SITES_TABLE,
    title: 'Where it fits',
    definition: `Every value of its width, best first${measured.length > MOST_ROWS ? ` (the first ${MOST_ROWS} of ${measured.length})` : ''}. FVU = Σ‖x − x̂‖² / Σ‖x − mean‖² over all ${word}s and dims; L0 = mean number of features above 0, and of those that are not 0, of a ${word}; cosine = mean over ${word}s between x and x̂. Padding is not counted.`,
    columns: [
      { id: 'reads', label: isSame ? 'Value' : 'Reads', format: 'text' },
      ...(isSame ? [] : [{ id: 'writes', label: 'Compared with', format: 'text' as const }]),
      { id: 'variant', label: 'Taken', format: 'text' },
      { id: 'fvu', label: 'FVU', format: 'number' },
      { id: 'fvu-later', label: `FVU without first ${word}s`, format: 'number' },
      { id: 'l0', label: 'L0 (f > 0)', format: 'number' },
      { id: 'l0-non-zero', label: 'L0 (f ≠ 0)', format: 'number' },
      { id: 'cosine', label: 'Cosine', format: 'number' },
      { id: 'bias', label: 'Relative bias', format: 'number' },
      { id: 'tokens', label: word === 'token' ? 'Tokens' : 'Places', format: 'count' },
    ],
    rows: measured.slice(0, MOST_ROWS).map(({ reads, writes, fidelity }) => ({
      cells: [
        reads.label,
        ...(isSame ? [] : [writes.label]),
        reads.variant,
        fidelity.fvu,
        fidelity.fvuWithoutFirst ?? NaN,
        fidelity.l0,
        fidelity.l0NonZero,
        fidelity.cosine,
        fidelity.relativeBias,
        fidelity.tokens,
      ],
      values: [reads.source, writes.source],
    })),
  };
}

export function definitionsTable({ fidelity, reads }: MeasuredSite, word: RowWord): ResultTable {
  return {
    id: 'dictionary-explained',
    title: 'Explained variance, by every definition in use',
    definition: `At ${reads.label}, ${reads.variant}, over ${fidelity.tokens} ${word}s. The same data, different numbers: compare what others state by its own definition.`,
    columns: [
      { id: 'name', label: 'Name', format: 'text' },
      { id: 'value', label: 'Value', format: 'number' },
      { id: 'formula', label: 'Formula', format: 'text' },
      { id: 'source', label: 'Who uses it', format: 'text' },
    ],
    rows: [
      ...fidelity.definitions.map(({ name, value, formula, source }) => ({ cells: [name, value, formula, source] })),
      { cells: ['FVU', fidelity.fvu, 'Σ‖x − x̂‖² / Σ‖x − mean‖²', 'sparsify; 1 − the first of these'] },
    ],
  };
}

/** FVU at one place may be this many times that of another before the difference means anything. */
export const NOTABLE_FACTOR = 1.1;

export function isNotable(stated: MeasuredSite, smallest: number): boolean {
  return stated.fidelity.fvu > NOTABLE_FACTOR * smallest;
}

/** @param stated what was measured at the place that its configuration names, if the model has it. */
export function declaredTable(
  { declared }: AttachedCoder,
  { fidelity, reads }: MeasuredSite,
  stated: MeasuredSite | undefined,
  word: RowWord,
): ResultTable {
  const { l0, sites } = declared;
  const best = `best at ${reads.label}, ${reads.variant}: FVU ${amount(fidelity.fvu)}`;
  return {
    id: 'dictionary-declared',
    title: 'Declared and measured',
    definition: `What the file, its folder, its configuration or “sparsity.safetensors” state, beside what was measured at the best place. L0: ${AGREEMENT_RULE}. Place: alike where FVU there is at most ${NOTABLE_FACTOR} times the smallest, else different.`,
    columns: [
      { id: 'what', label: 'What', format: 'text' },
      { id: 'declared', label: 'Declared', format: 'text' },
      { id: 'measured', label: 'Measured', format: 'text' },
      { id: 'agreement', label: 'Agreement', format: 'text' },
      { id: 'because', label: 'Declared where', format: 'text' },
    ],
    rows: [
      {
        cells: [
          `Features that fire for a ${word} (L0)`,
          l0 === undefined ? 'not declared' : amount(l0.value),
          amount(fidelity.l0),
          l0 === undefined ? '' : agreementOf(l0.value, fidelity.l0),
          l0?.because ?? '',
        ],
      },
      {
        cells: [
          'Place',
          sites.length === 0 ? 'not declared' : sites.map((site) => displayText(site, 100)).join(', '),
          stated === undefined ? best : `FVU ${amount(stated.fidelity.fvu)} there; ${best}`,
          stated === undefined ? '' : isNotable(stated, fidelity.fvu) ? 'different' : 'alike',
          sites.length === 0 ? '' : 'The configuration beside it.',
        ],
      },
    ],
  };
}

const WORDS: Readonly<Record<Replacement, string>> = {
  clean: 'As it is',
  dictionary: 'The dictionary’s reconstruction',
  zero: 'Zeros',
  mean: 'Its mean',
};

/** Scores are shares of what an ablation costs: of zero ablation, as SAELens has it, and of mean ablation. */
export function spliceTable({ measure, losses }: Spliced): ResultTable {
  const of = (what: Replacement): { loss: number; divergence: number } => {
    const found = losses.find((each) => each.what === what);
    return { loss: found?.loss ?? NaN, divergence: found?.divergence ?? NaN };
  };
  const [clean, dictionary] = [of('clean'), of('dictionary')];
  // Where an ablation costs nothing there is nothing to give back.
  const recovered = (by: 'zero' | 'mean'): number =>
    of(by).loss > clean.loss ? (of(by).loss - dictionary.loss) / (of(by).loss - clean.loss) : NaN;
  const kept = (by: 'zero' | 'mean'): number => (of(by).divergence - dictionary.divergence) / of(by).divergence;
  const scores = (what: Replacement): readonly [number, number] =>
    what === 'zero' || what === 'mean' ? [recovered(what), kept(what)] : [NaN, NaN];
  return {
    id: 'dictionary-splice',
    title: 'In the place of the value',
    definition: `${measure.definition} ${measure.why} KL: mean of KL(p clean ‖ p changed) of the output, in nats. The score of an ablation is how much of what it costs the dictionary gives back: (loss ablated − loss with the dictionary) / (loss ablated − clean); that of zeros is SAELens’s “CE score”, that of the mean is another number; empty where the ablation costs nothing.`,
    columns: [
      { id: 'what', label: 'What stands there', format: 'text' },
      { id: 'loss', label: measure.label, format: 'number' },
      { id: 'accuracy', label: 'Accuracy', format: 'share' },
      { id: 'divergence', label: 'KL', format: 'number' },
      { id: 'recovered', label: 'Loss recovered', format: 'number' },
      { id: 'kept', label: 'KL score', format: 'number' },
    ],
    rows: losses.map(({ what, loss, accuracy = NaN, divergence = NaN }) => ({
      cells: [WORDS[what], loss, accuracy, divergence, ...scores(what)],
    })),
  };
}
