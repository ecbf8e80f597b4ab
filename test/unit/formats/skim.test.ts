import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import type { ByteSource } from '../../../src/core/bytes/byte-source.js';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import {
  AttributeProtoSchema,
  FunctionProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type TensorProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { readTensor } from '../../../src/core/formats/onnx/external-data.js';
import { skimOnnx } from '../../../src/core/formats/onnx/skim.js';
import { tensorReference } from '../../../src/core/formats/onnx/tensor-proto.js';
import { everyTensor } from '../../../src/core/formats/onnx/walk.js';
import {
  bytesOf,
  concat,
  constantNode,
  field,
  graphOf,
  ifNode,
  modelOf,
  packedTensor,
  rawTensor,
  varintField,
} from './onnx-builder.js';

/** Counts what is read of a source. */
function counted(source: ByteSource): ByteSource & { bytesRead(): number } {
  let total = 0;
  return {
    ...source,
    read: (offset, length) => ((total += length), source.read(offset, length)),
    bytesRead: () => total,
  };
}

const values = async (tensor: TensorProto | undefined, source: ByteSource): Promise<number[]> =>
  tensor === undefined ? [] : Array.from((await readTensor(tensor, async () => source)).data as Float32Array);

describe('skimming', () => {
  it('leaves a reference to the file in place of a large payload, and small tensors as they are', async () => {
    const bytes = bytesOf(
      modelOf(graphOf([], [rawTensor('large', 1024), rawTensor('small', 1023), packedTensor('packed', 1024)])),
    );
    const source = memorySource('m.onnx', bytes);
    const skeleton = await skimOnnx(source);
    expect(skeleton.length).toBeLessThan(4800);
    const [large, small, packed] = decodeOnnx(skeleton).graph?.initializer ?? [];
    expect(large && tensorReference(large)).toMatchObject({ location: 'm.onnx', length: 4096 });
    expect(small && tensorReference(small)).toBeUndefined();
    expect(packed && tensorReference(packed)).toMatchObject({ location: 'm.onnx', length: 4096 });
    const expected = Array.from({ length: 1024 }, (_, i) => i / 2);
    expect(await values(large, source)).toEqual(expected);
    expect(await values(packed, source)).toEqual(expected);
    expect(await values(small, source)).toEqual(expected.slice(0, 1023));
  });

  it('reaches Constant nodes and subgraphs at any depth', async () => {
    const inner = graphOf([constantNode('c', rawTensor('', 2000))], [rawTensor('w', 1500)], ['c']);
    const middle = graphOf([ifNode('b', 'r', inner, inner)], [], ['r']);
    const main = graphOf([ifNode('b', 'y', middle, inner), constantNode('k', packedTensor('', 1200))], [], ['y']);
    const bytes = bytesOf(modelOf(main));
    const source = memorySource('m.onnx', bytes);
    const skimmed = decodeOnnx(await skimOnnx(source));
    const tensors = [...everyTensor(skimmed)];
    expect(tensors).toHaveLength(7);
    const originals = [...everyTensor(decodeOnnx(bytes))];
    for (const [index, tensor] of tensors.entries()) {
      expect(tensorReference(tensor)?.location).toBe('m.onnx');
      expect(await values(tensor, source)).toEqual(await values(originals[index], source));
    }
  });

  it('copies what engines take by value only: attributes of other nodes, functions, integers, strings', async () => {
    const attribute = create(AttributeProtoSchema, { name: 'value', type: 4, t: rawTensor('t', 2000) });
    const other = create(NodeProtoSchema, {
      opType: 'TreeEnsemble',
      domain: 'ai.onnx.ml',
      output: ['o'],
      attribute: [attribute],
    });
    const integers = create(TensorProtoSchema, {
      name: 'i',
      dims: [5000n],
      dataType: DataType.INT32,
      int32Data: Array.from({ length: 5000 }, (_, i) => i),
    });
    const texts = create(TensorProtoSchema, {
      name: 's',
      dims: [1n],
      dataType: DataType.STRING,
      stringData: [new Uint8Array(9000).fill(97)],
    });
    const model = modelOf(graphOf([other], [integers, texts]));
    model.functions = [create(FunctionProtoSchema, { name: 'f', node: [constantNode('c', rawTensor('', 2000))] })];
    const bytes = bytesOf(model);
    const skimmed = decodeOnnx(await skimOnnx(memorySource('m.onnx', bytes)));
    expect(Buffer.compare(bytesOf(skimmed), bytes)).toBe(0);
  });

  it('keeps tensors that are external already', async () => {
    const external = create(TensorProtoSchema, {
      name: 'e',
      dims: [2000n],
      dataType: DataType.FLOAT,
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [
        { key: 'location', value: 'weights.bin' },
        { key: 'offset', value: '4096' },
      ],
      docString: 'x'.repeat(5000),
    });
    const skimmed = decodeOnnx(await skimOnnx(memorySource('m.onnx', bytesOf(modelOf(graphOf([], [external]))))));
    expect(tensorReference(skimmed.graph?.initializer[0] ?? expect.fail())).toEqual({
      location: 'weights.bin',
      offset: 4096,
      length: undefined,
    });
  });

  it('reads the graph and not the weights', async () => {
    const tensors = Array.from({ length: 4 }, (_, i) => rawTensor(`w${i}`, 1 << 20));
    const source = counted(memorySource('m.onnx', bytesOf(modelOf(graphOf([], tensors)))));
    const skeleton = await skimOnnx(source);
    expect(source.size).toBeGreaterThan(16 << 20);
    expect(skeleton.length).toBeLessThan(1000);
    expect(source.bytesRead()).toBeLessThan(64 * 1024);
  });

  it('merges messages that come in pieces, as protobuf does', async () => {
    const first = toBinary(TensorProtoSchema, rawTensor('a', 1500));
    const second = toBinary(TensorProtoSchema, create(TensorProtoSchema, { name: 'renamed', docString: 'd' }));
    const attribute = concat(
      field(1, new TextEncoder().encode('value')),
      varintField(20, 4),
      field(5, first),
      field(5, second),
    );
    const node = concat(field(2, [99]), field(4, new TextEncoder().encode('Constant')), field(5, attribute));
    const initializer = field(5, toBinary(TensorProtoSchema, rawTensor('w', 2000)));
    const bytes = concat(
      varintField(1, 8),
      field(7, field(1, node)),
      field(8, varintField(2, 17)),
      field(7, initializer, field(2, [103])),
    );
    const source = memorySource('m.onnx', bytes);
    const skimmed = decodeOnnx(await skimOnnx(source));
    expect(skimmed.graph?.name).toBe('g');
    const constant = skimmed.graph?.node[0]?.attribute[0]?.t;
    expect(constant).toMatchObject({ name: 'renamed', docString: 'd', dims: [1500n] });
    expect((await values(constant, source))[1499]).toBe(749.5);
    expect((await values(skimmed.graph?.initializer[0], source))[1999]).toBe(999.5);
  });

  it('copies floats that are not packed, and lists of several packed pieces', async () => {
    const head = concat(varintField(1, 1500), varintField(2, DataType.FLOAT), field(8, [119]));
    const loose = concat(...Array.from({ length: 1500 }, () => [0x25, 0, 0, 0x80, 0x3f]));
    const pieces = concat(field(4, new Uint8Array(4096)), field(4, new Uint8Array(1904)));
    for (const data of [loose, pieces]) {
      const bytes = concat(varintField(1, 8), field(7, field(5, head, data)));
      const tensor = decodeOnnx(await skimOnnx(memorySource('m.onnx', bytes))).graph?.initializer[0];
      expect(tensor?.floatData).toHaveLength(1500);
      expect(tensor?.dataLocation).toBe(TensorProto_DataLocation.DEFAULT);
    }
  });

  it('stops when it is cancelled', async () => {
    const controller = new AbortController();
    controller.abort();
    const source = memorySource('m.onnx', bytesOf(modelOf(graphOf([constantNode('c', rawTensor('', 10))]))));
    await expect(skimOnnx(source, controller.signal)).rejects.toThrow('Cancelled');
  });
});
