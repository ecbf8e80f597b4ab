/** Models beyond what one protobuf message can hold: by structure, their gigabytes are never there. */
import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { encodeModel, LARGEST_MESSAGE_BYTES, mustBeExternal } from '../../../src/core/formats/onnx/encode-model.js';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type TensorProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';

const ROWS = 24_000;
const BYTES = ROWS * ROWS * 4;

/** 2.3 GB that lie in a file beside the model. */
function referenced(name: string): TensorProto {
  const tensor = weight(name, [ROWS, ROWS], []);
  tensor.dataLocation = DataLocation.EXTERNAL;
  tensor.externalData = Object.entries({ location: 'old.data', offset: '0', length: String(BYTES) }).map(
    ([key, value]) => create(StringStringEntryProtoSchema, { key, value }),
  );
  return tensor;
}

const large = () =>
  modelProto({
    nodes: [node('MatMul', ['x', 'a'], ['h']), node('MatMul', ['h', 'b'], ['y'])],
    inputs: [valueInfo('x', ['batch', ROWS])],
    outputs: [valueInfo('y', ['batch', ROWS])],
    initializers: [referenced('a'), referenced('b')],
  });

describe('weights of more than 2 GB', () => {
  it('must lie beside the model, by what they are as by what they become', () => {
    expect(BYTES).toBeGreaterThan(LARGEST_MESSAGE_BYTES);
    const model = large();
    expect(mustBeExternal(model, new Map())).toBe(true);
    const [a, b] = model.graph?.initializer ?? [];
    const payload = (bytes: number) => ({ bytes, parts: async function* () {} });
    const smaller = new Map([a, b].map((tensor) => [tensor as TensorProto, payload(1e9 - 1)] as const));
    expect(mustBeExternal(model, smaller)).toBe(false);
    const still = new Map([a, b].map((tensor) => [tensor as TensorProto, payload(1.1e9)] as const));
    expect(mustBeExternal(model, still)).toBe(true);
  });

  it('are referenced at page-aligned places beyond 2³¹, and are copied in pieces', async () => {
    let longest = 0;
    const asked: number[] = [];
    const encoded = encodeModel(large(), {
      payloads: new Map(),
      externalName: 'new.data',
      open: async () => ({
        name: 'old.data',
        size: BYTES,
        async read(offset, length) {
          asked.push(offset);
          longest = Math.max(longest, length);
          return new Uint8Array(length);
        },
        async close() {},
      }),
    });
    const parts: Uint8Array[] = [];
    for await (const part of encoded.main.parts()) parts.push(part);
    const main = Buffer.concat(parts);
    expect(main.length).toBe(encoded.main.bytes);
    const second = Math.ceil(BYTES / 4096) * 4096;
    expect(decodeOnnx(main).graph?.initializer.map(({ name, externalData }) => [name, entries(externalData)])).toEqual([
      ['a', { location: 'new.data', offset: '0', length: String(BYTES) }],
      ['b', { location: 'new.data', offset: String(second), length: String(BYTES) }],
    ]);
    expect(encoded.external?.bytes).toBe(second + BYTES);
    const pieces = encoded.external?.parts()[Symbol.asyncIterator]();
    for (let at = 0; at < 4; at++) await pieces?.next();
    expect(longest).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(asked).toEqual(asked.map((_, at) => at * longest));
  });
});

const entries = (data: TensorProto['externalData']): Record<string, string> =>
  Object.fromEntries(data.map(({ key, value }) => [key, value]));
