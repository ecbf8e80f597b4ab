import type { WeightTensor } from '../../formats/tensor-file.js';
import type { TensorStatistics } from '../../weights/statistics.js';
import type { Suspicion, SuspicionKind } from '../../weights/suspicious.js';
import type { Finding } from '../result.js';
import { bytesText, count, percent } from '../words.js';
import type { Examined } from './examine.js';

/** Findings name this many tensors each; the table has all of them. */
const TENSORS_NAMED = 3;

/** What a person may do about it. */
const ADVICE: Readonly<Record<SuspicionKind, string>> = {
  nan: 'Whatever is computed with them becomes NaN. Look at them in the tensor’s values; train or export again.',
  infinity: 'Whatever is computed with them becomes infinite or NaN, unless they are a mask or a bound.',
  'all-zero': 'Nothing passes such a layer but its bias: it was not trained, or was lost on the way.',
  'all-equal': 'A layer whose weights are all alike tells nothing apart: it was not trained, or was lost on the way.',
  denormals: 'Setting them to zero changes little and makes the model as fast everywhere.',
  'huge-range': 'A few values this large take the range away from all others when the tensor is quantised.',
  'above-float16':
    'They become infinite when the model is converted to float16, which is as well in a mask; bfloat16 holds them.',
  'below-float16': 'They become zero when the model is converted to float16; bfloat16 holds them.',
  'few-values': 'It could be stored in a smaller type without any loss.',
};

export function answerOf(
  examined: readonly Examined[],
  suspicious: readonly Examined[],
  pruned: readonly Examined[],
): string {
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
export function suspicionFindings(suspicious: readonly Examined[], examined: number): Finding[] {
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

export function copyFindings(tensors: readonly WeightTensor[], copies: readonly (readonly Examined[])[]): Finding[] {
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

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

export function pruningFindings(examined: readonly Examined[], pruned: readonly Examined[]): Finding[] {
  const matrices = examined.filter(({ isMatrix }) => isMatrix);
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
