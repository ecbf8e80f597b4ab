/**
 * The best that a dictionary's own decoder could do with as many features for each token: inference-time optimisation by
 * gradient pursuit (Smith 2024; methods B3), instead of the encoder.
 */
import { create } from '@bufbuild/protobuf';
import type { Session } from '../../engine/engine.js';
import { breathe } from '../../breathe.js';
import { encodeOnnx } from '../../formats/onnx/decode.js';
import { ModelProtoSchema, TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../../formats/onnx/runnable-model.js';
import type { TensorFile } from '../../formats/tensor-file.js';
import { graphWriter } from '../../rewrite/graph-writer.js';
import { floatTensor, makeNode, makeValueInfo } from '../../rewrite/nodes.js';
import { totalWidth, type Coder } from '../coder.js';
import { IR_VERSION, OPSET } from '../graphs/coder-model.js';
import { decodeProduct, encodeProduct, vectorValue } from '../graphs/parts.js';
import { graphWeights } from '../graphs/weights.js';
import { tileNumbers } from '../run-tiles.js';

const INPUT = 'x';
const FEATURES = 'features';
const GOES_ON = 'goes-on';
const NEXT = 'next';
const GIVEN = 'given';
/** Numbers of features that are held at once. */
const TILE_NUMBERS = 2 * 2 ** 20;

/** Why a coder's features cannot be pursued, if so: only where x̂ = f W_dec + b, with nothing done to x before. */
export function whyNotPursued({ normalisation, decoderNorm, reads, writes, skip, kind }: Coder): string | undefined {
  if (kind !== 'SAE' || skip !== undefined || reads.places > 1 || writes.places > 1)
    return 'It is defined for an autoencoder of one place.';
  if (normalisation.kind !== 'none') return 'The activation is normalised before it is encoded.';
  return decoderNorm.use === 'scales' ? 'Its features are scaled by the norms of the decoder’s rows.' : undefined;
}

/**
 * One step for rows of tokens, as a graph: with s = x − b and the dictionary D,
 *
 *     r = s − w D    p = r Dᵀ    S = {w > 0} ∪ {argmax p}    g = p on S, else 0    c = g D
 *     w ← max(0, w + g (c·r)/(c·c))   where `goes-on`, else w
 *
 * Inputs `x` [tokens, width], `features` w [tokens, features], `goes-on` [tokens, 1], bool; outputs `next` w, and `given`
 * w D + b, [tokens, width].
 * @param file the dictionary's, which the tensors are of. @param folder absolute, of that file.
 * @throws ProblemError as reading weights does.
 */
export async function pursuitModel(coder: Coder, file: TensorFile, folder: string): Promise<RunnableModel> {
  const { decoder, added, features } = coder;
  const width = totalWidth(coder.writes);
  const empty = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: 'pursuit',
      input: [
        makeValueInfo(INPUT, DataType.FLOAT, ['tokens', width]),
        makeValueInfo(FEATURES, DataType.FLOAT, ['tokens', features]),
        makeValueInfo(GOES_ON, DataType.BOOL, ['tokens', 1]),
      ],
      output: [
        makeValueInfo(NEXT, DataType.FLOAT, ['tokens', features]),
        makeValueInfo(GIVEN, DataType.FLOAT, ['tokens', width]),
      ],
    },
  });
  const writer = graphWriter(empty);
  const weights = graphWeights(writer, file);
  const bias = added === undefined ? undefined : await vectorValue(writer, weights, added.vector, [width]);
  const zero = writer.float(0);
  const decoded = (f: string): Promise<string> => decodeProduct(writer, weights, decoder, f);
  const dot = (a: string, b: string): string => {
    const sum = writer.reduce('ReduceSum', writer.node('Mul', [a, b]), [1]);
    return writer.node('Unsqueeze', [sum, writer.ints([1])]);
  };
  const wanted = bias === undefined ? INPUT : writer.node('Sub', [INPUT, bias]);
  const left = writer.node('Sub', [wanted, await decoded(FEATURES)]);
  const products = await encodeProduct(writer, weights, decoder, left);
  const best = writer.node('ArgMax', [products], { axis: 1, keepdims: 0 });
  const ends = writer.initializer((name) => floatTensor(name, [2], [0, 1]));
  const chosen = writer.node('OneHot', [best, writer.int(features), ends], { axis: 1 });
  const isIn = (value: string): string => writer.node('Greater', [value, zero]);
  const gradient = writer.node('Where', [writer.node('Or', [isIn(FEATURES), isIn(chosen)]), products, zero]);
  const change = await decoded(gradient);
  const length = dot(change, change);
  const step = writer.node('Where', [isIn(length), writer.node('Div', [dot(change, left), length]), zero]);
  const moved = writer.node('Relu', [writer.node('Add', [FEATURES, writer.node('Mul', [gradient, step])])]);
  const next = writer.node('Where', [GOES_ON, moved, FEATURES]);
  const product = await decoded(next);
  writer.add(makeNode('Identity', [next], [NEXT]));
  writer.add(makeNode('Identity', [bias === undefined ? product : writer.node('Add', [product, bias])], [GIVEN]));
  return { bytes: encodeOnnx(writer.extend(empty)), externalFiles: [...weights.files], folder };
}

/**
 * @param session of {@link pursuitModel}. @param rows row-major [tokens, width].
 * @param steps of each token: the number of features that its own encoder used.
 * @returns x̂ of every row, and w where `see` is given, tile by tile. @throws ProblemError as running does.
 */
export async function pursue(
  session: Session,
  coder: Pick<Coder, 'features' | 'writes'>,
  rows: Float32Array,
  steps: ArrayLike<number>,
  see?: (features: Float32Array, firstRow: number) => void,
): Promise<Float32Array> {
  const { features } = coder;
  const width = totalWidth(coder.writes);
  const given = new Float32Array(rows.length);
  const most = Math.max(1, Math.floor(TILE_NUMBERS / features));
  const count = rows.length / width;
  for (let first = 0; first < count; first += most) {
    const some = Math.min(most, count - first);
    const x = {
      type: 'float32',
      dims: [some, width],
      data: rows.slice(first * width, (first + some) * width),
    } as const;
    let found = new Float32Array(some * features);
    let made = new Float32Array(0);
    const last = Math.max(1, ...Array.from({ length: some }, (_, row) => steps[first + row] as number));
    for (let step = 0; step < last; step++) {
      const goesOn = Uint8Array.from({ length: some }, (_, row) => (step < (steps[first + row] as number) ? 1 : 0));
      const outputs = await session.run({
        [INPUT]: x,
        [FEATURES]: { type: 'float32', dims: [some, features], data: found },
        [GOES_ON]: { type: 'bool', dims: [some, 1], data: goesOn },
      });
      found = tileNumbers(outputs, NEXT) as Float32Array<ArrayBuffer>;
      made = tileNumbers(outputs, GIVEN) as Float32Array<ArrayBuffer>;
      await breathe();
    }
    given.set(made, first * width);
    see?.(found, first);
  }
  return given;
}
