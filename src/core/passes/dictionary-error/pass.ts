/** What an attached autoencoder does not give back: how much of that is linear in the activation, and what it costs. */
import type { AttachedCoder } from '../../dictionary/attach/attached.js';
import { openBestPlace, PLACE_SWEEPS, type BestPlace } from '../../dictionary/attach/best-place.js';
import { runCoder } from '../../dictionary/attach/run-coder.js';
import { openSplice, type Lost } from '../../dictionary/attach/splice.js';
import { totalWidth } from '../../dictionary/coder.js';
import { whyNotPursued } from '../../dictionary/error/gradient-pursuit.js';
import { fitError, judgeFit, linearPart, type ErrorFit } from '../../dictionary/error/linear-error.js';
import { heldOutInputs, measureError, type Halves, type MeasuredError } from '../../dictionary/error/measure-error.js';
import { supportOf } from '../../dictionary/error/support.js';
import type { NormalEquations } from '../../dictionary/error/normal-equations.js';
import { asProblem, CancelledError, problem, ProblemError } from '../../errors.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { Applicability, Experiment } from '../pass.js';
import { NO_ACTIVATIONS, type Finding, type PassResult } from '../result.js';
import { amount, count, percent } from '../words.js';
import {
  lossTable,
  partsTable,
  pursuitTable,
  valuesText,
  type ErrorLosses,
  type Judged,
  type PursuitJudged,
} from './tables.js';

const ID = 'dictionary-error';
/** One sweep over the error, then four losses and three divergences over half of the inputs. */
const FURTHER_SWEEPS = 5;
/** Sums of products of all pairs of dims are held, six times: 400 MB. */
const MOST_WIDTH = 2048;
/** With fewer tokens than this many times the width a fit means nothing (methods B3). */
const ENOUGH_TIMES_WIDTH = 10;

export const dictionaryError: Experiment = {
  id: ID,
  version: 4,
  title: 'What the dictionary misses',
  question: 'Is what the dictionary leaves unexplained a linear function of the activation, and what does it cost?',
  method:
    'The error e = x − x̂ of an autoencoder, where it fits best, at every token but the first of each input (of pictures at every place). On the first ' +
    'half of the inputs a matrix B with e ≈ x B and a vector a with |e|² ≈ x·a are fitted (least squares without a ' +
    'constant, from sums in double precision, Cholesky factorisation); on the second half they are judged: R² = mean over ' +
    'dims of 1 − SSR/SST. With fewer than ten different activations for each dimension that they span (the rank of Σ x xᵀ), ' +
    'nothing tells a linear error from a table, which is said. The linear part of the error is x B, the non-linear part e − x B; the latter’s FVU is what would ' +
    'still be unexplained if a linear map were added to the dictionary. The network is then run with each part given back ' +
    'alone. Gradient pursuit chooses, for every token, as many features as the encoder used, by the decoder alone: what the ' +
    'same decoder could do at best, about. Source: “Decomposing the Dark Matter of Sparse Autoencoders” (Engels et al. ' +
    '2024), which also leaves out the first 200 positions.',
  runsPerInput: PLACE_SWEEPS + FURTHER_SWEEPS,
  restsOn: 'dictionary',
  applies: ({ dictionary }) => appliesTo(dictionary),
  examine,
};

function appliesTo(dictionary: Parameters<Experiment['applies']>[0]['dictionary']): Applicability {
  const not = (reason: string): Applicability => ({ applies: false, reason });
  if (dictionary === undefined) return not('No dictionary is attached: “Attach Dictionary…” does that.');
  if (dictionary.state === 'failed')
    return not(`The dictionary “${dictionary.name}” cannot be used. ${dictionary.reason}`);
  const { kind, reads } = dictionary.attached.coder;
  if (kind !== 'SAE') return not(`It is about autoencoders, which give back what they read; this is a ${kind}.`);
  return totalWidth(reads) > MOST_WIDTH
    ? not(`The activation is ${count(totalWidth(reads))} wide: fits are made up to ${count(MOST_WIDTH)}.`)
    : { applies: true };
}

async function examine(subject: ExperimentSubject): Promise<PassResult> {
  const { dictionary, engine, threads, signal, dataset } = subject;
  if (dictionary === undefined) throw new Error('No dictionary is attached.');
  const { coder } = dictionary;
  const place = await openBestPlace(subject, dictionary, FURTHER_SWEEPS);
  const whyNoPursuit = whyNotPursued(coder);
  const pursuit = whyNoPursuit === undefined ? await engine.open(await dictionary.pursuit(), { threads }) : undefined;
  try {
    const measured = await measureError(subject, coder, place, pursuit);
    const { fit, heldOut } = measured.encoder;
    checkTokens(fit, heldOut);
    const judged = await judge(measured.encoder, signal);
    const [losses, whyNoLoss] = await lossesOf(subject, dictionary, place, judged.fit);
    const pursued = await judgePursuit(measured, signal);
    const inputs = dataset.size - dataset.skipped.length;
    return resultOf({
      name: dictionary.name,
      width: fit.width,
      place,
      judged,
      on: await subject.onInputs(inputs),
      ...(losses === undefined ? {} : { losses }),
      ...(pursued === undefined ? {} : { pursued }),
      notes: [
        ...(whyNoLoss === undefined ? [] : [`The loss was not measured. ${whyNoLoss}`]),
        ...(whyNoPursuit === undefined ? [] : [`Features were not pursued. ${whyNoPursuit}`]),
      ],
    });
  } finally {
    await pursuit?.release();
    await place.release();
  }
}

function checkTokens(fit: NormalEquations, heldOut: NormalEquations): void {
  const least = Math.min(fit.tokens, heldOut.tokens);
  if (least > fit.width) return;
  throw problem(
    'not-applicable',
    `A half of the inputs has ${count(least)} tokens only, not more than the activation has numbers (${count(fit.width)}): any error would look linear.`,
    { remedy: `Choose more inputs: 20 times ${count(fit.width)} tokens or more.` },
  );
}

interface JudgedFit extends Judged {
  readonly fit: ErrorFit;
}

async function judge({ fit: sums, heldOut }: Halves, signal: AbortSignal): Promise<JudgedFit> {
  const fit = await fitError(sums, signal);
  return {
    fit,
    fitted: await judgeFit(fit, sums, signal),
    heldOut: await judgeFit(fit, heldOut, signal),
    support: await supportOf(sums, signal),
    isEnough: sums.tokens >= ENOUGH_TIMES_WIDTH * sums.width,
  };
}

async function judgePursuit({ pursuit }: MeasuredError, signal: AbortSignal): Promise<PursuitJudged | undefined> {
  if (pursuit === undefined || pursuit.pursued.fit.tokens === 0 || pursuit.pursued.heldOut.tokens === 0)
    return undefined;
  const [encoder, pursued] = [await judge(pursuit.encoder, signal), await judge(pursuit.pursued, signal)];
  return { encoder: encoder.heldOut, pursued: pursued.heldOut, isEnough: pursued.isEnough };
}

/** On the inputs that the fit did not see. */
async function lossesOf(
  subject: ExperimentSubject,
  { coder }: AttachedCoder,
  { sweeps, session, best, sites }: BestPlace,
  fit: ErrorFit,
): Promise<[ErrorLosses | undefined, string | undefined]> {
  if (!best.writes.isReplaceable) return [undefined, 'Nothing is put in its place: the value is not in float32.'];
  const heldOut = { ...subject, dataset: heldOutInputs(subject.dataset) };
  try {
    const splice = await openSplice(heldOut, sweeps.over(heldOut.dataset), coder, best, sites.model);
    const given = (parts: 'none' | 'linear' | 'non-linear'): Promise<Lost> =>
      splice.replaced(async (batch) => {
        const { read, asValue } = await splice.rows(batch);
        const linear = linearPart(fit, read.values.subarray(0, read.count * read.width));
        // x̂ + (e − x B) = x − x B.
        if (parts === 'non-linear') return asValue(linear.map((value, at) => (read.values[at] as number) - value));
        const { reconstruction } = await runCoder(session, coder, read);
        return asValue(
          parts === 'none' ? reconstruction : reconstruction.map((value, at) => value + (linear[at] as number)),
        );
      });
    try {
      sweeps.phase('Loss of the model as it is');
      const clean = await splice.clean();
      sweeps.phase('Loss with the reconstruction in its place');
      const dictionary = await given('none');
      sweeps.phase('Loss with the linear part of the error given back');
      const linear = await given('linear');
      sweeps.phase('Loss with the non-linear part of the error given back');
      return [{ measure: splice.measure, clean, dictionary, linear, nonLinear: await given('non-linear') }, undefined];
    } finally {
      await splice.release();
    }
  } catch (error) {
    // What was measured stands also where the model has no loss.
    if (error instanceof CancelledError) return [undefined, 'It was cancelled before.'];
    if (!(error instanceof ProblemError)) throw error;
    return [undefined, asProblem(error).message];
  }
}

interface Found {
  readonly name: string;
  readonly width: number;
  readonly place: BestPlace;
  readonly judged: Judged;
  readonly losses?: ErrorLosses;
  readonly pursued?: PursuitJudged;
  readonly on: string;
  readonly notes: readonly string[];
}

/**
 * Whether the fit may know every activation by heart, and with it its error, whatever that depends on: of an embedding,
 * the same few values stand in both halves of the inputs.
 */
function isLookup({ support, fitted, isEnough }: Judged): boolean {
  const isFew = support.values < ENOUGH_TIMES_WIDTH * support.rank;
  return isFew && (isEnough || 2 * support.values <= fitted.tokens);
}

function resultOf({ name, width, place, judged, losses, pursued, on, notes }: Found): PassResult {
  const { heldOut, isEnough } = judged;
  const where = `${place.best.reads.label}, ${place.best.reads.variant}`;
  const isTable = isLookup(judged);
  const { support } = judged;
  const found = isTable
    ? `It cannot be told of “${name}” at ${where}: on the tokens of the fit the activation has only ${valuesText(support)} ` +
      `different values, of rank ${count(support.rank)} in ${count(width)} dimensions, so a linear map can know the error of ` +
      'each by heart, as a table would. The numbers below say nothing of what it depends on.'
    : `${percent(Math.max(0, heldOut.linearShare))} of the squared error of “${name}” at ${where}, is a linear function of the ` +
      `activation: of ${amount(heldOut.fvu)} of the variance that it leaves, ${amount(heldOut.fvuNonlinear)} would remain.`;
  const answer = `${found} Judged on ${count(heldOut.tokens)} held-out tokens, ${on}.`;
  const findings: Finding[] = [
    isTable
      ? {
          severity: 'warning',
          weight: 0.6,
          sentence: answer,
          advice:
            'Choose inputs on which the activation has more different values: ten or more for each dimension. Of an embedding there are no more than tokens in the vocabulary.',
        }
      : { severity: 'information', weight: 0.5, sentence: answer },
    ...(isEnough || isTable
      ? []
      : [
          {
            severity: 'warning' as const,
            weight: 0.6,
            sentence: `The fit rests on ${count(judged.fitted.tokens)} tokens for an activation of ${count(width)} numbers: below ten tokens for each of them it says little.`,
            advice: 'Choose more inputs, and run it again.',
          },
        ]),
    ...notes.map((sentence) => ({ severity: 'information' as const, weight: 0, sentence })),
  ];
  return {
    pass: ID,
    passVersion: dictionaryError.version,
    answer,
    findings,
    ...NO_ACTIVATIONS,
    tables: [
      partsTable(judged),
      ...(losses === undefined ? [] : [lossTable(losses, judged)]),
      ...(pursued === undefined ? [] : [pursuitTable(pursued)]),
    ],
  };
}
