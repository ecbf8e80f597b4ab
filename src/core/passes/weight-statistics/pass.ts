import { throwIfCancelled } from '../../errors.js';
import { displayText } from '../../display-text.js';
import { CALCULATES } from '../../graph/scan-weights.js';
import type { TensorStatistics } from '../../weights/statistics.js';
import { suspicions as suspicionsIn, type Suspicion, type SuspicionKind } from '../../weights/suspicious.js';
import { duplicateTensors } from '../../weights/duplicate-tensors.js';
import { zeroSlices } from '../../weights/zero-slices.js';
import type { WeightTensor } from '../../formats/tensor-file.js';
import type { FilePass, FileSubject } from '../pass.js';
import type { Finding, PassResult, ResultTable, TensorMetric } from '../result.js';
import { bytesText, count, percent } from '../words.js';

const VERSION = 1;
/** Findings name this many tensors each; the table has all of them. */
const TENSORS_NAMED = 3;
/** A tensor with fewer zeros was not pruned. */
const PRUNED_FROM = 0.05;
/** Lists (biases, scales) have too few values for a pattern. */
const MATRIX_RANK = 2;
const FEWEST_FOR_RANGE = 64;
const FEWEST_FOR_COPY = 64;

interface Examined {
  readonly tensor: number;
  readonly name: string;
  readonly statistics: TensorStatistics;
  readonly suspicions: readonly Suspicion[];
  /** Rows (first axis) and columns (second axis) that are zero throughout. */
  readonly zeroRows: number;
  readonly zeroColumns: number;
  readonly rank: number;
}

/** What the weights are like, which of them are suspicious, and what pruning left: methods M4. */
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
    'cannot hold; more than 1 % of sizes below 2⁻²⁴, which it takes for zero; values so few and alike that a quarter of their bits would tell them apart. Pruned are tensors with 5 % zeros or more. A pattern N:M holds where of every M neighbours along an ' +
    'axis at most N are not zero, everywhere. Zero rows and columns are slices of the first and second axis without any ' +
    'other value. Equal tensors have the same shape, type and bits; short and constant ones are not named. Source: methods M4.',
  applies: ({ tensors }) =>
    tensors.some(({ values }) => values !== undefined)
      ? { applies: true }
      : { applies: false, reason: 'The file stores no tensors with numbers.' },
  async examine(subject: FileSubject): Promise<PassResult> {
    const factors = factorsOf(subject);
    const examined: Examined[] = [];
    for (const [tensor, { name, dims }] of subject.tensors.entries()) {
      throwIfCancelled(subject.signal);
      const statistics = await subject.statistics(tensor);
      if (statistics === undefined || statistics.count === 0) continue;
      const suspicions = suspicionsOf(subject.tensors[tensor], statistics, factors?.has(tensor) ?? true);
      const [zeroRows, zeroColumns] = await zeroRowsAndColumns(subject, tensor, statistics);
      examined.push({
        tensor,
        name: displayText(name),
        statistics,
        suspicions,
        zeroRows,
        zeroColumns,
        rank: dims.length,
      });
    }
    return resultOf(subject, examined, await copiesOf(subject, examined));
  },
};

/** Lists of ones and zeros are as they should be; few values have no median to be far from; masks are not multiplied. */
function suspicionsOf(
  tensor: WeightTensor | undefined,
  statistics: TensorStatistics,
  calculatedWith: boolean,
): readonly Suspicion[] {
  if (tensor?.values === undefined) return [];
  const { type } = tensor.values;
  const isMatrix = tensor.dims.length >= MATRIX_RANK;
  return suspicionsIn(statistics, { type, bytes: tensor.bytes })
    .filter(({ kind }) => {
      if (kind === 'all-zero' || kind === 'all-equal') return isMatrix && type.includes('float');
      return kind !== 'huge-range' || statistics.finite >= FEWEST_FOR_RANGE;
    })
    .map((suspicion) =>
      suspicion.kind === 'infinity' && !calculatedWith ? { ...suspicion, severity: 'information' } : suspicion,
    );
}

/** What a person may do about it. */
const ADVICE: Readonly<Record<SuspicionKind, string>> = {
  nan: 'Whatever is computed with them becomes NaN. Look at them in the tensor’s values; train or export again.',
  infinity: 'Whatever is computed with them becomes infinite or NaN, unless they are a mask or a bound.',
  'all-zero': 'Nothing passes such a layer but its bias: it was not trained, or was lost on the way.',
  'all-equal': 'A layer whose weights are all alike tells nothing apart: it was not trained, or was lost on the way.',
  denormals: 'Setting them to zero changes little and makes the model as fast everywhere.',
  'huge-range': 'A few values this large take the range away from all others when the tensor is quantised.',
  'above-float16': 'They become infinite when the model is converted to float16; bfloat16 holds them.',
  'below-float16': 'They become zero when the model is converted to float16; bfloat16 holds them.',
  'few-values': 'It could be stored in a smaller type without any loss.',
};

/** Tensors that operators take as factors; undefined where there is no graph to tell. */
function factorsOf({ network }: FileSubject): ReadonlySet<number> | undefined {
  if (network === undefined) return undefined;
  const factors = new Set<number>();
  for (const { opType, inputs } of network.graph.nodes) {
    if (!CALCULATES.has(opType)) continue;
    for (const value of inputs) {
      const tensor = network.tensorOf(value);
      if (tensor !== undefined) factors.add(tensor);
    }
  }
  return factors;
}

/** Read again only where zeros would suffice for a row or a column. */
async function zeroRowsAndColumns(
  { tensors, signal }: FileSubject,
  index: number,
  { zeros, count: all }: TensorStatistics,
): Promise<readonly [number, number]> {
  const tensor = tensors[index];
  const [rows = 1, columns = 1] = tensor?.dims ?? [];
  if (tensor === undefined || tensor.dims.length < MATRIX_RANK || zeros < all / Math.max(rows, columns)) return [0, 0];
  const [ofRows, ofColumns] = await zeroSlices(tensor, [0, 1], { signal });
  return [sum(ofRows), sum(ofColumns)];
}

function sum(flags: Uint8Array | undefined): number {
  return (flags ?? new Uint8Array()).reduce((total, flag) => total + flag, 0);
}

/** Groups of tensors with the same values. Constants and short lists are alike by chance. */
async function copiesOf(
  { tensors, signal }: FileSubject,
  examined: readonly Examined[],
): Promise<readonly (readonly Examined[])[]> {
  const byTensor = new Map(examined.map((one) => [one.tensor, one]));
  const { groups } = await duplicateTensors(tensors, { signal });
  return groups
    .map((group) => group.flatMap((tensor) => byTensor.get(tensor) ?? []))
    .filter(
      ([first]) => first !== undefined && !first.statistics.constant && first.statistics.count >= FEWEST_FOR_COPY,
    );
}

function resultOf(
  { tensors }: FileSubject,
  examined: readonly Examined[],
  copies: readonly (readonly Examined[])[],
): PassResult {
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
    layerMetrics: [],
    unitMetrics: [],
    exampleMetrics: [],
    curves: [],
    tensorMetrics: metrics(tensors.length, examined),
    tables: [
      ...(suspicious.length === 0 ? [] : [suspiciousTable(suspicious)]),
      ...(copies.length === 0 ? [] : [copiesTable(copies)]),
      ...(pruned.length === 0 ? [] : [pruningTable(pruned)]),
    ],
  };
}

function isPruned({ statistics, zeroRows, zeroColumns, rank }: Examined): boolean {
  if (rank < MATRIX_RANK || statistics.zeros === statistics.count) return false;
  return statistics.zeros / statistics.count >= PRUNED_FROM || zeroRows + zeroColumns > 0;
}

function answerOf(examined: readonly Examined[], suspicious: readonly Examined[], pruned: readonly Examined[]): string {
  const total = (of: (statistics: TensorStatistics) => number): number =>
    examined.reduce((all, { statistics }) => all + of(statistics), 0);
  const values = total((statistics) => statistics.count);
  const broken = values - total(({ finite }) => finite);
  const zeros = percent(total((statistics) => statistics.zeros) / values);
  return (
    `${broken === 0 ? `All ${count(values)} numbers are finite` : `${count(broken)} of ${count(values)} numbers are NaN or infinite`} ` +
    `and ${zeros} are exactly zero; ${count(suspicious.length)} of ${count(examined.length)} tensors look odd, ` +
    `${count(pruned.length)} were pruned.`
  );
}

/** One finding for each kind of oddity, however many tensors have it. */
function suspicionFindings(suspicious: readonly Examined[], examined: number): Finding[] {
  const byKind = new Map<string, { readonly of: Examined; readonly suspicion: Suspicion }[]>();
  for (const of of suspicious) {
    for (const suspicion of of.suspicions) {
      const key = `${suspicion.severity} ${suspicion.kind}`;
      byKind.set(key, [...(byKind.get(key) ?? []), { of, suspicion }]);
    }
  }
  return [...byKind.values()].flatMap((group) => {
    const sorted = group.toSorted((a, b) => b.suspicion.value - a.suspicion.value);
    const [worst] = sorted;
    if (worst === undefined) return [];
    const shown = sorted
      .slice(0, TENSORS_NAMED)
      .map(({ of, suspicion }) => `${of.name}: ${lowerFirst(suspicion.text.replace(/\.$/, ''))}`);
    const more = sorted.length - shown.length;
    return [
      {
        severity: worst.suspicion.severity,
        weight: group.length / examined,
        sentence: `${shown.join('; ')}${more > 0 ? `; and ${count(more)} more tensors` : ''}.`,
        advice: ADVICE[worst.suspicion.kind],
        tensor: worst.of.tensor,
      },
    ];
  });
}

function copyFindings(tensors: readonly WeightTensor[], copies: readonly (readonly Examined[])[]): Finding[] {
  const [first] = copies;
  if (first === undefined) return [];
  const repeated = copies.flatMap((group) => group.slice(1));
  const bytes = repeated.reduce((sum, { tensor }) => sum + (tensors[tensor]?.bytes ?? 0), 0);
  const named = copies.slice(0, TENSORS_NAMED).map((group) => group.map(({ name }) => name).join(' = '));
  const more = copies.length - named.length;
  return [
    {
      severity: 'information',
      weight: Math.min(1, repeated.length / tensors.length),
      sentence:
        `${count(repeated.length)} ${repeated.length === 1 ? 'tensor repeats another' : 'tensors repeat others'}, ${bytesText(bytes)} in all: ` +
        `${named.join('; ')}${more > 0 ? `; and ${count(more)} more groups` : ''}.`,
      advice: 'Tied weights were perhaps stored twice: a file that stores them once is smaller.',
      tensor: first[0]?.tensor,
    },
  ];
}

function copiesTable(copies: readonly (readonly Examined[])[]): ResultTable {
  return {
    id: 'equal-tensors',
    title: 'Tensors that hold the same',
    definition:
      'Equal in shape, type and every bit of every value; of 64 values or more, not all of them alike. A click shows the first.',
    columns: [
      { id: 'tensor', label: 'Tensor', format: 'text' },
      { id: 'copies', label: 'Is the same as', format: 'text' },
      { id: 'numbers', label: 'Numbers', format: 'count' },
    ],
    rows: copies.map(([first, ...others]) => ({
      cells: [first?.name ?? '', others.map(({ name }) => name).join(', '), first?.statistics.count ?? NaN],
      tensor: first?.tensor,
    })),
  };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function pruningFindings(examined: readonly Examined[], pruned: readonly Examined[]): Finding[] {
  const matrices = examined.filter(({ rank }) => rank >= MATRIX_RANK);
  const patterned = pruned.filter(({ statistics }) => statistics.pattern !== undefined);
  const [first] = pruned;
  if (first === undefined) return [];
  const zeros = pruned.reduce((all, { statistics }) => all + statistics.zeros, 0);
  const values = pruned.reduce((all, { statistics }) => all + statistics.count, 0);
  return [
    {
      severity: 'information',
      weight: pruned.length / matrices.length,
      sentence:
        `${count(pruned.length)} of ${count(matrices.length)} matrices and kernels were pruned: ${percent(zeros / values)} of their ` +
        `values are zero${patterned.length === 0 ? ', without a pattern' : `, in ${count(patterned.length)} of them in an N:M pattern`}.`,
      advice:
        'Zeros save time only where an engine knows of them: 2:4 patterns and whole rows or columns do, zeros here and there rarely.',
      tensor: first.tensor,
    },
  ];
}

function suspiciousTable(suspicious: readonly Examined[]): ResultTable {
  return {
    id: 'suspicious-tensors',
    title: 'Tensors that look odd',
    definition: 'Each with everything that is odd about it. A click shows the tensor.',
    columns: [
      { id: 'tensor', label: 'Tensor', format: 'text' },
      { id: 'what', label: 'What', format: 'text' },
    ],
    rows: suspicious.map(({ tensor, name, suspicions }) => ({
      cells: [name, suspicions.map(({ text }) => text).join(' ')],
      tensor,
    })),
  };
}

function pruningTable(pruned: readonly Examined[]): ResultTable {
  return {
    id: 'pruned-tensors',
    title: 'What pruning left',
    definition:
      'Matrices and kernels with 5 % zeros or more, or with a row or column of zeros. A click shows the tensor.',
    columns: [
      { id: 'tensor', label: 'Tensor', format: 'text' },
      { id: 'zeros', label: 'Zeros', format: 'share' },
      { id: 'pattern', label: 'Pattern', format: 'text' },
      { id: 'rows', label: 'Zero rows', format: 'count' },
      { id: 'columns', label: 'Zero columns', format: 'count' },
    ],
    rows: pruned.map(({ tensor, name, statistics, zeroRows, zeroColumns }) => ({
      cells: [name, statistics.zeros / statistics.count, patternText(statistics), zeroRows, zeroColumns],
      tensor,
    })),
  };
}

function patternText({ pattern }: TensorStatistics): string {
  return pattern === undefined ? 'none' : `${pattern.nonZero}:${pattern.of} along axis ${pattern.axis}`;
}

function metrics(tensors: number, examined: readonly Examined[]): TensorMetric[] {
  const metric = (facts: Omit<TensorMetric, 'values'>, of: (statistics: TensorStatistics) => number): TensorMetric => {
    const values = new Float64Array(tensors).fill(NaN);
    for (const { tensor, statistics } of examined) values[tensor] = of(statistics);
    return { ...facts, values };
  };
  return [
    metric(
      {
        id: 'weight-zero-share',
        label: 'Zeros',
        definition: 'Share of the values that are exactly 0 (methods M4).',
        format: 'share',
        scale: 'sequential',
      },
      ({ zeros, count: all }) => zeros / all,
    ),
    metric(
      {
        id: 'weight-mean',
        label: 'Mean',
        definition: 'Mean of the finite values.',
        format: 'number',
        scale: 'diverging',
      },
      ({ mean }) => mean,
    ),
    metric(
      {
        id: 'weight-deviation',
        label: 'Deviation',
        definition: 'Standard deviation of the finite values, of all of them and not of a sample (ddof 0).',
        format: 'number',
        scale: 'sequential',
      },
      ({ standardDeviation }) => standardDeviation,
    ),
    metric(
      {
        id: 'weight-largest',
        label: 'Largest size',
        definition: 'Largest absolute value of the finite values.',
        format: 'number',
        scale: 'sequential',
        spread: 'logarithmic',
      },
      ({ minimum, maximum }) => Math.max(Math.abs(minimum), Math.abs(maximum)),
    ),
  ];
}
