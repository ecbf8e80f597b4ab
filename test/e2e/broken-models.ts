import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type ModelProto,
} from '../../src/core/formats/onnx/onnx_pb.js';

/** Files that a person may happen to open, made from a good model. By file name. */
export function brokenModels(file: Uint8Array): Record<string, Uint8Array> {
  // A Buffer's slices share its memory.
  const good = new Uint8Array(file);
  const changed = (change: (model: ModelProto) => void): Uint8Array => {
    const model = fromBinary(ModelProtoSchema, good);
    change(model);
    return toBinary(ModelProtoSchema, model);
  };
  const external = (location: string): Uint8Array =>
    changed(({ graph }) => {
      const [first] = graph?.initializer ?? [];
      if (graph === undefined || first === undefined) throw new Error('The model has no weights.');
      graph.initializer[0] = create(TensorProtoSchema, {
        name: first.name,
        dims: first.dims,
        dataType: first.dataType,
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: [{ key: 'location', value: location }],
      });
    });
  return {
    'empty.onnx': new Uint8Array(),
    'truncated.onnx': good.slice(0, Math.floor(good.length * 0.6)),
    'random.onnx': Uint8Array.from({ length: 5000 }, (_, index) => (index * 7919 + (index >> 3) * 104729) & 0xff),
    'text.onnx': new TextEncoder().encode('<!DOCTYPE html><html><body>404 Not Found</body></html>'.repeat(20)),
    'outside.onnx': external('../../../etc/passwd'),
    'missing-weights.onnx': external('nowhere.bin'),
    'unknown-operator.onnx': changed(({ graph }) => {
      const relu = graph?.node.find(({ opType }) => opType === 'Relu');
      if (relu !== undefined) relu.opType = 'NoSuchOperator';
    }),
    'markup.onnx': changed((model) => {
      model.producerName = '<img src=x onerror=alert(1)>';
      model.producerVersion = '';
      model.graph?.node.push(
        create(NodeProtoSchema, { opType: 'Identity', name: '<b>bold</b>', input: ['logits'], output: ['<i>x</i>'] }),
      );
    }),
    'nan.onnx': changed(({ graph }) => {
      const weights = graph?.initializer.find(({ dims, rawData }) => dims.length === 4 && rawData.length > 0);
      if (weights === undefined) throw new Error('The model has no convolution.');
      const broken = weights.rawData.slice();
      new DataView(broken.buffer).setFloat32(0, NaN, true);
      weights.rawData = broken;
    }),
  };
}
