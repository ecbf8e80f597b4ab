/** What is looked at of each tensor. */
import { throwIfCancelled } from '../../errors.js';
import { displayText } from '../../display-text.js';
import type { WeightTensor } from '../../formats/tensor-file.js';
import { CALCULATES } from '../../graph/scan-weights.js';
import { duplicateTensors } from '../../weights/duplicate-tensors.js';
import type { TensorStatistics } from '../../weights/statistics.js';
import { suspicions as suspicionsIn, type Suspicion, type SuspicionKind } from '../../weights/suspicious.js';
import type { FileSubject } from '../pass.js';
import { zeroLines } from '../zero-lines.js';

/** A tensor with fewer zeros was not pruned. */
const PRUNED_FROM = 0.05;
/** Lists (biases, scales) have too few values for a pattern. */
const MATRIX_RANK = 2;
/** What these operators alone read is a mask or a table of constants: added, compared, chosen from or cut to length. */
const NO_PRODUCTS = new Set('Add Sub Mul Div Pow Where And Or Not Equal Less Greater Expand Slice'.split(' '));
const FEWEST_FOR_RANGE = 64;
const FEWEST_FOR_COPY = 64;

/** In a mask or a bound, infinity and what becomes it mean “never”. */
const MEANT_IN_MASKS: ReadonlySet<SuspicionKind> = new Set(['infinity', 'above-float16']);

export interface Examined {
  readonly tensor: number;
  readonly name: string;
  readonly statistics: TensorStatistics;
  readonly suspicions: readonly Suspicion[];
  /** Rows (first axis) and columns (second axis) that are zero throughout. */
  readonly zeroRows: number;
  readonly zeroColumns: number;
  readonly rank: number;
  /** Whether it is a matrix or a kernel: masks and tables are not. */
  readonly isMatrix: boolean;
}

/** Every tensor with numbers. @throws as reading does; CancelledError. */
export async function examineTensors(subject: FileSubject): Promise<Examined[]> {
  const readers = readersOf(subject);
  const examined: Examined[] = [];
  for (const [index, tensor] of subject.tensors.entries()) {
    throwIfCancelled(subject.signal);
    const statistics = await subject.statistics(index);
    if (statistics === undefined || statistics.count === 0) continue;
    const rank = tensor.dims.length;
    const operators = [...(readers?.get(index) ?? [])];
    const [rows, columns] = rank < MATRIX_RANK ? [] : await zeroLines(tensor, statistics, subject.signal);
    examined.push({
      tensor: index,
      name: displayText(tensor.name),
      statistics,
      suspicions: suspicionsOf(
        tensor,
        statistics,
        readers === undefined || operators.some((each) => CALCULATES.has(each)),
      ),
      zeroRows: sum(rows),
      zeroColumns: sum(columns),
      rank,
      isMatrix: rank >= MATRIX_RANK && (operators.length === 0 || operators.some((each) => !NO_PRODUCTS.has(each))),
    });
  }
  return examined;
}

function sum(flags: Uint8Array | undefined): number {
  return (flags ?? new Uint8Array()).reduce((total, flag) => total + flag, 0);
}

/** Lists of ones and zeros are as they should be; few values have no median to be far from; masks are not multiplied. */
function suspicionsOf(
  tensor: WeightTensor,
  statistics: TensorStatistics,
  calculatedWith: boolean,
): readonly Suspicion[] {
  if (tensor.values === undefined) return [];
  const { type } = tensor.values;
  const isMatrix = tensor.dims.length >= MATRIX_RANK;
  return suspicionsIn(statistics, { type, bytes: tensor.bytes })
    .filter(({ kind }) => {
      if (kind === 'all-zero' || kind === 'all-equal') return isMatrix && type.includes('float');
      return kind !== 'huge-range' || statistics.finite >= FEWEST_FOR_RANGE;
    })
    .map((suspicion) =>
      MEANT_IN_MASKS.has(suspicion.kind) && !calculatedWith ? { ...suspicion, severity: 'information' } : suspicion,
    );
}

/** Operators that read each tensor; undefined where there is no graph to tell. */
function readersOf({ network }: FileSubject): ReadonlyMap<number, ReadonlySet<string>> | undefined {
  if (network === undefined) return undefined;
  const readers = new Map<number, Set<string>>();
  for (const { opType, inputs } of network.graph.nodes) {
    for (const value of inputs) {
      const tensor = network.tensorOf(value);
      if (tensor !== undefined) readers.set(tensor, (readers.get(tensor) ?? new Set<string>()).add(opType));
    }
  }
  return readers;
}

/** Groups of tensors with the same values. Constants and short lists are alike by chance. */
export async function copiesOf(
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

export function isPruned({ statistics, zeroRows, zeroColumns, isMatrix }: Examined): boolean {
  if (!isMatrix || statistics.zeros === statistics.count) return false;
  return statistics.zeros / statistics.count >= PRUNED_FROM || zeroRows + zeroColumns > 0;
}
