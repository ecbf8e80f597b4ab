import { create, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import type { RunnableModel } from '../../../src/core/formats/onnx/runnable-model.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { loadWasmEngine } from '../../../src/node/wasm-engine.js';

/** Where the installed package keeps its WebAssembly files. */
export const WASM_FOLDER = new URL('../../../node_modules/onnxruntime-web/dist/', import.meta.url).href;

/** Both engines: whatever one computes, the other must too. */
export const ENGINES: readonly { readonly name: string; readonly load: () => Promise<Engine> }[] = [
  { name: 'native', load: loadNativeEngine },
  { name: 'wasm', load: () => loadWasmEngine(WASM_FOLDER) },
];

/** A model from hand-written parts. */
export function modelOf(parts: {
  readonly node: NodeProto[];
  readonly input: ValueInfoProto[];
  readonly output: ValueInfoProto[];
  readonly initializer?: TensorProto[];
  readonly opset?: number;
}): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: BigInt(parts.opset ?? 17) }],
    graph: {
      name: 'test',
      node: parts.node,
      input: parts.input,
      output: parts.output,
      initializer: parts.initializer ?? [],
    },
  });
}

/** A model whose weights lie inside it. */
export function runnable(model: ModelProto, folder = '/'): RunnableModel {
  return { bytes: toBinary(ModelProtoSchema, model), externalFiles: [], folder };
}
