import { problem } from '../../errors.js';
import { decodeTensorProto } from '../../formats/onnx/decode.js';
import { tensorFromProto } from '../../formats/onnx/tensor-proto.js';
import { elementCount, type NumberArray } from '../../tensor/tensor.js';
import type { BatchPlan } from '../batch-axes.js';
import { baseName, type DataFiles, joinPath, naturalOrder, readWhole } from '../data-files.js';
import { fingerprint } from '../fingerprint.js';
import { shapeText, typeText, type ModelInput } from '../model-input.js';
import { arrayPreview, tokenPreview } from '../previews.js';
import { type Row, rowOf } from '../rows.js';
import { withoutAxis } from '../shapes.js';
import type { TokenText } from '../token-text.js';
import type { ExampleSource } from './example-source.js';

/** All tensors of a test data folder are held in memory; together they may take this much. */
const MAXIMUM_BYTES = 512e6;

/** `input_0.pb` … of one `test_data_set_*` folder. */
interface TestSet {
  readonly name: string;
  readonly tensors: ReadonlyMap<string, Row>;
  readonly stamp: string;
}

/** Paths of the test sets in `path`: itself, when it holds `input_*.pb`, or its `test_data_set_*` folders. */
export async function testSets(files: DataFiles, path: string): Promise<readonly string[]> {
  const facts = await files.facts(path);
  if (facts?.kind !== 'folder') return [];
  const entries = await files.list(path);
  if (entries.some(({ kind, name }) => kind === 'file' && INPUT_FILE.test(name))) return [path];
  return entries
    .filter(({ kind, name }) => kind === 'folder' && name.startsWith('test_data_set'))
    .map(({ name }) => joinPath(path, name))
    .sort(naturalOrder);
}

const INPUT_FILE = /^input_(\d{1,6})\.pb$/;

/**
 * One source per input from ONNX test data: a tensor's name says which input it is for, its file's number where it has
 * none (in the order of the model's inputs). Tensors with several rows along the batch axis are as many examples.
 * @throws ProblemError `invalid-inputs`: no test data there, a tensor is missing or has another shape than the input.
 */
export async function testDataSources(
  wanted: readonly ModelInput[],
  modelInputs: readonly ModelInput[],
  path: string,
  plan: BatchPlan,
  files: DataFiles,
  tokens: ReadonlyMap<string, TokenText>,
): Promise<ReadonlyMap<string, ExampleSource>> {
  const folders = await testSets(files, path);
  if (folders.length === 0) {
    throw problem('invalid-inputs', `There is no ONNX test data in ${path}.`, {
      place: path,
      remedy: 'Choose a folder test_data_set_0 that holds input_0.pb, or the folder around it.',
    });
  }
  const sets: TestSet[] = [];
  let budget = MAXIMUM_BYTES;
  for (const folder of folders) {
    const set = await readSet(files, folder, modelInputs, budget);
    for (const { data } of set.tensors.values()) budget -= data.byteLength;
    sets.push(set);
  }
  const stamp = fingerprint(sets.map((set) => set.stamp).join('\n'));
  return new Map(
    wanted.map((input) => [
      input.name,
      sourceOf(input, sets, plan.axes.get(input.name), stamp, path, tokens.get(input.name)),
    ]),
  );
}

async function readSet(
  files: DataFiles,
  folder: string,
  modelInputs: readonly ModelInput[],
  budget: number,
): Promise<TestSet> {
  const entries = (await files.list(folder)).filter(({ kind, name }) => kind === 'file' && INPUT_FILE.test(name));
  const tensors = new Map<string, Row>();
  const stamps: string[] = [];
  let left = budget;
  for (const { name } of entries.sort((a, b) => naturalOrder(a.name, b.name))) {
    const file = joinPath(folder, name);
    const facts = await files.facts(file);
    stamps.push(`${file}:${facts?.size}:${facts?.modifiedMs}`);
    left -= facts?.size ?? 0;
    if (left < 0) {
      throw problem('invalid-inputs', `The test data is larger than ${MAXIMUM_BYTES / 1e6} MB.`, {
        place: folder,
        remedy: 'Choose one test_data_set folder, or convert the inputs to .npy files.',
      });
    }
    const proto = decodeTensorProto(await readWhole(files, file, MAXIMUM_BYTES));
    const number = Number(INPUT_FILE.exec(name)?.[1]);
    const known = modelInputs.some((input) => input.name === proto.name) ? proto.name : modelInputs[number]?.name;
    if (known !== undefined) tensors.set(known, rowOf(tensorFromProto(proto), file));
  }
  return { name: baseName(folder), tensors, stamp: stamps.join('\n') };
}

interface Place {
  readonly set: TestSet;
  readonly row: number;
  readonly rows: number;
}

function sourceOf(
  input: ModelInput,
  sets: readonly TestSet[],
  axis: number | undefined,
  stamp: string,
  path: string,
  tokens: TokenText | undefined,
): ExampleSource {
  const places: Place[] = [];
  const shapes = new Set<string>();
  for (const set of sets) {
    const tensor = set.tensors.get(input.name);
    if (tensor === undefined) {
      throw problem('invalid-inputs', `The test data has no tensor for the input “${input.name}”.`, {
        place: joinPath(path, set.name),
        remedy: 'Add the missing input_*.pb, or give this input another source in the recipe.',
      });
    }
    checkShape(input, tensor, axis, set.name);
    shapes.add(withoutAxis(tensor.dims, axis).join());
    const rows = axis === undefined ? 1 : (tensor.dims[axis] ?? 1);
    for (let row = 0; row < rows; row++) places.push({ set, row, rows });
  }
  const read = (index: number): Row => {
    const place = places[index];
    const tensor = place?.set.tensors.get(input.name);
    if (place === undefined || tensor === undefined) throw new Error(`No test example ${index}`);
    return axis === undefined ? tensor : slice(tensor, axis, place.row);
  };
  const nameOf = (index: number): string => {
    const place = places[index];
    return place === undefined || place.rows === 1
      ? (place?.set.name ?? '')
      : `${place.set.name}, row ${place.row + 1}`;
  };
  return {
    count: places.length,
    shape: shapes.size === 1 ? read(0).dims : undefined,
    wholeInput: axis === undefined,
    describe: (used) => `${used} ${used === 1 ? 'example' : 'examples'} of ONNX test data (${baseName(path)})`,
    synthetic: false,
    fingerprint: () => Promise.resolve(stamp),
    read: (index) => Promise.resolve(read(index)),
    ...(tokens === undefined ? {} : { tokens }),
    nameOf,
    preview: (index) =>
      Promise.resolve(
        tokens === undefined
          ? arrayPreview(nameOf(index), read(index))
          : tokenPreview(nameOf(index), read(index), tokens),
      ),
  };
}

function checkShape(input: ModelInput, tensor: Row, axis: number | undefined, place: string): void {
  const { shape } = input;
  const fits =
    shape === undefined ||
    (shape.length === tensor.dims.length &&
      shape.every((size, i) => typeof size === 'string' || i === axis || size === tensor.dims[i]));
  if (fits && (tensor.dims.length > 0 || axis === undefined)) return;
  throw problem(
    'invalid-inputs',
    `The test tensor for “${input.name}” has the shape ${shapeText(tensor.dims)}, but the input is ${typeText(input)}.`,
    { place, remedy: 'Choose test data that was made for this model.' },
  );
}

/** One row along an axis that need not be the first. */
function slice(tensor: Row, axis: number, index: number): Row {
  const dims = withoutAxis(tensor.dims, axis);
  const inner = elementCount(tensor.dims.slice(axis + 1));
  const stride = inner * (tensor.dims[axis] ?? 1);
  if (axis === 0) return { type: tensor.type, dims, data: tensor.data.subarray(index * inner, (index + 1) * inner) };
  const data = tensor.data.slice(0, elementCount(dims));
  for (let outer = 0; outer * inner < data.length; outer++) {
    const from = outer * stride + index * inner;
    (data as Float32Array).set(tensor.data.subarray(from, from + inner) as Float32Array, outer * inner);
  }
  return { type: tensor.type, dims, data: data as NumberArray };
}
