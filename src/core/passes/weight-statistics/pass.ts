import type { FilePass, FileSubject } from '../pass.js';
import { NO_ACTIVATIONS, type PassResult } from '../result.js';
import { copiesOf, examineTensors, isPruned, type Examined } from './examine.js';
import { answerOf, copyFindings, pruningFindings, suspicionFindings } from './findings.js';
import { magnitudesOf } from './magnitudes.js';
import { copiesTable, metrics, pruningTable, suspiciousTable } from './tables.js';

const VERSION = 3;

/** What the weights are like, which of them are suspicious, how large they are layer by layer, and what pruning left: methods M4, D2. */
export const weightStatistics: FilePass = {
  id: 'weight-statistics',
  version: VERSION,
  reads: 'weights',
  title: 'Weights: numbers, oddities, pruning',
  question: 'What are the weights like, is any of them broken, and what was pruned?',
  method:
    'Every tensor is read once, piece by piece. Suspicious are: NaN and infinity; tensors of two or more axes with one ' +
    'value throughout; a largest size more than 10,000 times the median size of the values that are not zero (of 64 ' +
    'values or more); more than 1 % denormals of the type they are stored in; values of 65,520 or more, which float16 ' +
    'cannot hold; more than 1 % of sizes below 2⁻²⁴, which it takes for zero; values so few and alike that a quarter of their bits would tell them apart. Pruned are matrices and kernels with 5 % zeros or more; what is only added, compared, chosen from or cut, as masks are, is none. A pattern N:M holds where of every M neighbours along an ' +
    'axis at most N are not zero, everywhere. Zero rows and columns are slices of the first and second axis without any ' +
    'other value. Equal tensors have the same shape, type and bits; short and constant ones are not named. ' +
    'Weight magnitude is mean |w| over all parameters of a layer (“Loss of Plasticity in Deep Continual Learning”).',
  applies: ({ tensors }) =>
    tensors.some(({ values }) => values !== undefined)
      ? { applies: true }
      : { applies: false, reason: 'The file stores no tensors with numbers.' },
  async examine(subject: FileSubject): Promise<PassResult> {
    const examined = await examineTensors(subject);
    return resultOf(subject, examined, await copiesOf(subject, examined));
  },
};

function resultOf(
  subject: FileSubject,
  examined: readonly Examined[],
  copies: readonly (readonly Examined[])[],
): PassResult {
  const { tensors } = subject;
  const magnitudes = magnitudesOf(subject, examined);
  const suspicious = examined.filter(({ suspicions }) => suspicions.length > 0);
  const pruned = examined.filter(isPruned);
  return {
    pass: 'weight-statistics',
    passVersion: VERSION,
    answer: answerOf(examined, suspicious, pruned),
    findings: [
      ...suspicionFindings(suspicious, examined.length),
      ...copyFindings(tensors, copies),
      ...pruningFindings(examined, pruned),
    ],
    ...NO_ACTIVATIONS,
    nodeMetrics: magnitudes.nodeMetrics,
    tensorMetrics: metrics(tensors.length, examined),
    tables: [
      ...(suspicious.length === 0 ? [] : [suspiciousTable(suspicious)]),
      ...(copies.length === 0 ? [] : [copiesTable(copies)]),
      ...(pruned.length === 0 ? [] : [pruningTable(pruned)]),
      ...magnitudes.tables,
    ],
  };
}
