/** The parts of a dictionary's error, what each costs, and what its decoder could do, as tables. */
import type { Lost } from '../../dictionary/attach/splice.js';
import type { FittedError } from '../../dictionary/error/linear-error.js';
import type { Support } from '../../dictionary/error/support.js';
import type { LossMeasure } from '../../experiment/loss-measure.js';
import type { ResultTable } from '../result.js';
import { count } from '../words.js';

/** A fit on the tokens that it was made from, and on those held out. */
export interface Judged {
  readonly fitted: FittedError;
  readonly heldOut: FittedError;
  /** Of the tokens that it was made from. */
  readonly support: Support;
  /** Ten tokens or more for each dim to fit by. */
  readonly isEnough: boolean;
}

export interface PursuitJudged {
  /** Of the tokens that were pursued, held out: of the encoder's features, and of the pursued ones. */
  readonly encoder: FittedError;
  readonly pursued: FittedError;
  readonly isEnough: boolean;
}

export interface ErrorLosses {
  readonly measure: LossMeasure;
  readonly clean: Lost;
  readonly dictionary: Lost;
  /** With x̂ + x B, and with x̂ + (e − x B), in the place of the value. */
  readonly linear: Lost;
  readonly nonLinear: Lost;
}

/** “12”; “320 or more” where they were not all counted. */
export function valuesText({ values, isAll }: Support): string {
  return isAll ? count(values) : `${count(values)} or more`;
}

const FEW = ' Mind: fewer than ten tokens for each dim to fit by, so these numbers say little.';

export function partsTable({ fitted, heldOut, support, isEnough }: Judged): ResultTable {
  const row = (what: string, of: (fit: FittedError) => number, meaning: string): ResultTable['rows'][number] => ({
    cells: [what, of(heldOut), of(fitted), meaning],
  });
  return {
    id: 'dictionary-error-parts',
    title: 'Parts of the error',
    definition:
      `Fitted on ${count(fitted.tokens)} tokens of the first half of the inputs, judged on ${count(heldOut.tokens)} of the second half. ` +
      `The fit saw ${valuesText(support)} different activations, of rank ${count(support.rank)} (Σ x xᵀ). ` +
      `A fit is always better on its own tokens: rely on “held out”.${isEnough ? '' : FEW}`,
    columns: [
      { id: 'what', label: 'What', format: 'text' },
      { id: 'held-out', label: 'Held out', format: 'number' },
      { id: 'fitted', label: 'On the tokens of the fit', format: 'number' },
      { id: 'meaning', label: 'Meaning', format: 'text' },
    ],
    rows: [
      row('FVU of the dictionary', ({ fvu }) => fvu, 'Σ|e|² / Σ|x − mean|²: what it leaves unexplained.'),
      row(
        'FVU of the non-linear part',
        ({ fvuNonlinear }) => fvuNonlinear,
        'Σ|e − x B|² / Σ|x − mean|²: what would be left if a linear map of the activation were added.',
      ),
      row(
        'Linear share of the squared error',
        ({ linearShare }) => linearShare,
        '1 − Σ|e − x B|² / Σ|e|²: how much of the error a linear map of the activation gives back.',
      ),
      row('R² of the error', ({ r2 }) => r2, 'Mean over dims of 1 − SSR/SST: the number of the paper.'),
      row(
        'R² of the size of the error',
        ({ normR2 }) => normR2,
        'Of |e|² by a linear function of x: near 1, the same tokens are always the hard ones.',
      ),
    ],
  };
}

export function lossTable(
  { measure, clean, dictionary, linear, nonLinear }: ErrorLosses,
  { heldOut }: Judged,
): ResultTable {
  const whole = dictionary.loss - clean.loss;
  const row = (what: string, { loss, divergence = NaN }: Lost, shareLeft: number): ResultTable['rows'][number] => ({
    cells: [what, loss, loss - clean.loss, whole > 0 ? (loss - clean.loss) / whole : NaN, shareLeft, divergence],
  });
  return {
    id: 'dictionary-error-losses',
    title: 'What each part costs',
    definition:
      `${measure.definition} ${measure.why} On the inputs held out. A part that costs more than its share of the squared error ` +
      'is worth more to the network than its size says.',
    columns: [
      { id: 'what', label: 'What stands in the value’s place', format: 'text' },
      { id: 'loss', label: measure.label, format: 'number' },
      { id: 'increase', label: 'Increase', format: 'number' },
      { id: 'share', label: 'Share of the increase', format: 'share' },
      { id: 'error', label: 'Share of the squared error', format: 'share' },
      { id: 'divergence', label: 'KL', format: 'number' },
    ],
    rows: [
      row('The value itself', clean, 0),
      row('The reconstruction x̂: all of the error is missing', dictionary, 1),
      row('x̂ and the linear part: only the non-linear one is missing', linear, 1 - heldOut.linearShare),
      row('x̂ and the non-linear part: only the linear one is missing', nonLinear, heldOut.linearShare),
    ],
  };
}

export function pursuitTable({ encoder, pursued, isEnough }: PursuitJudged): ResultTable {
  const row = (what: string, { fvu, fvuNonlinear, linearShare }: FittedError): ResultTable['rows'][number] => ({
    cells: [what, fvu, fvuNonlinear, linearShare],
  });
  return {
    id: 'dictionary-error-pursuit',
    title: 'What the same decoder could do',
    definition:
      `On ${count(pursued.tokens)} held-out tokens. Gradient pursuit chooses as many features for each token as the encoder ` +
      'used, one a step: the feature whose decoder row is most like what is left joins, and all chosen ones move along their ' +
      `gradient. The encoder is to blame for the difference, the decoder for the rest.${isEnough ? '' : FEW}`,
    columns: [
      { id: 'what', label: 'Features chosen by', format: 'text' },
      { id: 'fvu', label: 'FVU', format: 'number' },
      { id: 'fvu-nonlinear', label: 'FVU of the non-linear part', format: 'number' },
      { id: 'linear', label: 'Linear share', format: 'share' },
    ],
    rows: [row('the encoder', encoder), row('gradient pursuit', pursued)],
  };
}
