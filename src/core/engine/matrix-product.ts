/** Products of float64 matrices by the engine: one node, opened once. */
import { create } from '@bufbuild/protobuf';
import { encodeOnnx } from '../formats/onnx/decode.js';
import {
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
} from '../formats/onnx/onnx_pb.js';
import type { Engine } from './engine.js';

export interface EngineProduct {
  /** `left · rightᵀ`, all row-major: left is rows × inner, right is columns × inner. @throws ProblemError as runs do. */
  multiply(
    left: Float64Array,
    right: Float64Array,
    size: { readonly rows: number; readonly columns: number; readonly inner: number },
  ): Promise<Float64Array>;
  release(): Promise<void>;
}

/** @param threads 0 = all cores. @throws ProblemError as opening a model does. */
export async function openProduct(engine: Engine, threads: number): Promise<EngineProduct> {
  const matrix = (name: string, dims: readonly [string, string]) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: DataType.DOUBLE,
          shape: { dim: dims.map((dim) => ({ value: { case: 'dimParam' as const, value: dim } })) },
        },
      },
    },
  });
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'product',
      node: [
        {
          opType: 'Gemm',
          input: ['left', 'right'],
          output: ['product'],
          attribute: [{ name: 'transB', type: AttributeType.INT, i: 1n }],
        },
      ],
      input: [matrix('left', ['rows', 'inner']), matrix('right', ['columns', 'inner'])],
      output: [matrix('product', ['rows', 'columns'])],
    },
  });
  const session = await engine.open({ bytes: encodeOnnx(model), externalFiles: [], folder: '/' }, { threads });
  return {
    async multiply(left, right, { rows, columns, inner }) {
      const { product } = await session.run({
        left: { type: 'float64', dims: [rows, inner], data: left },
        right: { type: 'float64', dims: [columns, inner], data: right },
      });
      if (product?.data instanceof Float64Array) return product.data;
      throw new Error('The engine gave no float64 product.');
    },
    release: () => session.release(),
  };
}
