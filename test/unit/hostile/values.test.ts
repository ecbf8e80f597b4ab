/** Files whose values lie where they must not, that would unpack to gigabytes, and headers of 100 MB. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  TensorProto_DataLocation,
  TensorProtoSchema,
  type TensorProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { ggufFile } from '../formats/gguf-builder.js';
import { bytesOf, graphOf, modelOf, rawTensor } from '../formats/onnx-builder.js';
import * as make from '../formats/pickle-builder.js';
import { lookAt } from './examine.js';
import { borne, described, npyHeader, npyOf, opened, rejected, safetensorsOf } from './expected.js';

function external(location: string, entries: Readonly<Record<string, string>> = {}): TensorProto {
  return create(TensorProtoSchema, {
    name: 'w',
    dims: [4n],
    dataType: 1,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries({ location, ...entries }).map(([key, value]) => ({ key, value })),
  });
}

const onnx = (tensor: TensorProto): Uint8Array => bytesOf(modelOf(graphOf([], [tensor], ['w'])));

describe('values that overlap or lie outside', () => {
  it.each([
    ['overlap', '0, 8', '4, 12', 'overlap'],
    ['are the same', '0, 8', '0, 8', 'overlap'],
    ['lie in each other', '0, 16', '4, 12', 'not its shape'],
    ['lie behind the end', '0, 8', '8, 17', 'ends before'],
    ['end before they begin', '0, 8', '16, 8', 'ends before'],
  ])('safetensors: they %s', async (_, first, second, said) => {
    const header = `{"a": ${described('8', first)}, "b": ${described('8', second)}}`;
    expect(await rejected({ name: 'm.safetensors', bytes: safetensorsOf(header, new Uint8Array(16)) })).toContain(said);
  });

  it('GGUF: values in values are one thing, values behind the end another', async () => {
    const tensor = (name: string, offset: bigint) => ({ name, dims: [8], type: 0, data: new Uint8Array(32), offset });
    await borne({ name: 'm.gguf', bytes: ggufFile({ tensors: [tensor('a', 0n), tensor('b', 0n)] }) });
    await rejected({ name: 'm.gguf', bytes: ggufFile({ tensors: [tensor('a', 0n), tensor('b', 64n)] }) });
    await rejected({ name: 'm.gguf', bytes: ggufFile({ tensors: [tensor('a', 0n), tensor('b', 7n)] }) });
  });

  it.each([
    ['behind the end', { offset: '8', length: '16' }],
    ['at no number', { offset: 'ten' }],
    ['before the file', { offset: '-16' }],
    ['of another length', { length: '12' }],
    ['of any length', { length: '99999999999999999999' }],
  ])('external data of ONNX %s', async (_, entries) => {
    const siblings = { 'w.bin': new Uint8Array(20) };
    const { problems } = await opened({ name: 'm.onnx', bytes: onnx(external('w.bin', entries)), siblings });
    expect(problems[0]?.message).toBeTruthy();
  });

  it('values of ONNX that are more or fewer than their shape', async () => {
    for (const dims of [[3n], [5n], [2n ** 20n, 2n ** 20n], [-4n], [2n ** 62n, 4n]]) {
      const tensor = { ...rawTensor('w', 4), dims };
      const { unreadable, problems } = await opened({ name: 'm.onnx', bytes: onnx(tensor) });
      expect(unreadable.length + problems.length).toBeGreaterThan(0);
    }
  });

  it('NumPy arrays and checkpoints that end too early', async () => {
    await rejected({ name: 'm.npy', bytes: npyOf(npyHeader('5,'), [1, 2, 3, 4]) });
    const archive = await borne({ name: 'm.npz', bytes: zipSync({ 'a.npy': npyOf(npyHeader('5,'), [1]) }) });
    expect(archive.rejected?.message ?? archive.seen?.problems[0]?.message).toBeTruthy();
    const beyond = make.tensor(make.storage('0', 4), [2, 2], [3, 1]);
    const data = make.pickle(make.dict([make.text('w'), beyond]));
    const checkpoint = { name: 'm.pt', bytes: make.archive(data, { 'data/0': make.floats(1, 2, 3, 4) }) };
    expect((await opened(checkpoint)).unreadable).toEqual(['w']);
  });
});

describe('files beside the model', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-beside-'));
  const model = join(folder, 'model');
  beforeAll(() => {
    mkdirSync(join(model, 'inside'), { recursive: true });
    writeFileSync(join(folder, 'secret.bin'), new Uint8Array(16).fill(7));
    writeFileSync(
      join(folder, 'secret.safetensors'),
      safetensorsOf(`{"w": ${described('16', '0, 16')}}`, new Uint8Array(16)),
    );
    writeFileSync(join(model, 'inside', 'w.bin'), new Uint8Array(16));
    symlinkSync('../secret.bin', join(model, 'link.bin'));
    symlinkSync('../secret.safetensors', join(model, 'link.safetensors'));
    symlinkSync('..', join(model, 'up'));
    symlinkSync('/dev/zero', join(model, 'zero.bin'));
    symlinkSync('circle.bin', join(model, 'circle.bin'));
    execFileSync('mkfifo', [join(model, 'pipe.bin')]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const locations = [
    '../secret.bin',
    'inside/../../secret.bin',
    'inside\\..\\..\\secret.bin',
    join(folder, 'secret.bin'),
    '/etc/passwd',
    'C:\\Windows\\win.ini',
    'C:secret.bin',
    '\\\\server\\share\\secret.bin',
    'file:///etc/passwd',
    'link.bin',
    'up/secret.bin',
    'zero.bin',
    'pipe.bin',
    'circle.bin',
    'inside',
    '.',
    '',
    'w.bin\0.txt',
  ];

  it.each(locations)('are not opened from ONNX: %j', async (location) => {
    const path = join(model, 'm.onnx');
    writeFileSync(path, onnx(external(location)));
    const { problems, tensors } = await lookAt(path);
    expect(tensors).toEqual(['w']);
    expect(problems.length).toBeGreaterThan(0);
    for (const { kind } of problems)
      expect(['external-data-outside-folder', 'missing-external-data', 'file-unreadable', 'malformed-model']).toContain(
        kind,
      );
  });

  it('are opened where they are inside', async () => {
    const path = join(model, 'm.onnx');
    writeFileSync(path, onnx(external('inside/w.bin')));
    expect(await lookAt(path)).toMatchObject({ problems: [], unreadable: [] });
  });

  it.each([...locations.map((location) => location.replace('.bin', '.safetensors')), 'm.safetensors.index.json'])(
    'are not opened from an index: %j',
    async (location) => {
      const path = join(model, 'm.safetensors.index.json');
      writeFileSync(path, JSON.stringify({ weight_map: { w: location } }));
      const { problems, tensors } = await lookAt(path);
      expect(tensors).toEqual([]);
      expect(problems).toHaveLength(1);
    },
  );

  it.each(['zero.bin', 'pipe.bin', 'inside', 'circle.bin', 'gone.bin'])(
    'are no models themselves: %s',
    async (name) => {
      await expect(lookAt(join(model, name))).rejects.toMatchObject({ problem: { kind: 'file-unreadable' } });
    },
  );
});

describe('headers of 100 MB', () => {
  const MOST = 100_000_000;
  const filled = (start: string, filler: string, end: string): Uint8Array => {
    const header = Buffer.alloc(MOST, filler);
    header.write(start);
    header.write(end, MOST - end.length);
    return header;
  };

  it('are refused where they are longer than safetensors allows', async () => {
    const bytes = safetensorsOf('{}', [], BigInt(MOST + 1));
    expect(await rejected({ name: 'm.safetensors', bytes })).toContain(String(MOST + 1));
  });

  it.each([
    ['spaces', filled('{}', ' ', ' ')],
    ['one name', filled('{"', 'n', `": ${described('0', '0, 0')}}`)],
    ['one text', filled('{"__metadata__": {"a": "', 't', '"}}')],
    ['one number', filled('{"w": {"dtype": "U8", "shape": [', '1', '], "data_offsets": [0, 0]}}')],
    ['brackets', filled('{"w": ', '[', '}')],
    ['quotes', filled('{"', '\\', '')],
    ['short names', filled('{', '"":1,', '}')],
  ])('hold %s: opened or refused', async (_, header) => {
    await borne({ name: 'm.safetensors', bytes: safetensorsOf(header) });
  });
});

describe('archives that unpack to very much', () => {
  const MEGABYTES_OF_ZEROS = new Uint8Array(40_000_000);

  it('are opened without being unpacked: .npz', async () => {
    const array = npyOf(npyHeader('40000000,'), []);
    const content = new Uint8Array(array.length + MEGABYTES_OF_ZEROS.length);
    content.set(array);
    const bytes = zipSync({ 'a.npy': content, 'b.npy': npyOf(npyHeader('1,'), [7]) }, { level: 9 });
    expect(bytes.length).toBeLessThan(60_000);
    const { rejected: reason, seen } = await borne({ name: 'm.npz', bytes });
    expect(reason).toBe(undefined);
    expect(seen?.tensors).toEqual(['a', 'b']);
  });

  it('are opened without being unpacked: .pt', async () => {
    const tensor = make.tensor(make.storage('0', 10_000_000), [10_000_000], [1]);
    const data = make.pickle(make.dict([make.text('w'), tensor]));
    const bytes = make.archive(data, { 'data/0': MEGABYTES_OF_ZEROS }, { level: 9 });
    expect((await opened({ name: 'm.pt', bytes })).tensors).toEqual(['w']);
  });

  it('are refused where the pickle itself would be very much', async () => {
    const bytes = make.archive(make.bytes([0x80, 2], MEGABYTES_OF_ZEROS.fill(0x5d)), {}, { level: 9 });
    expect(await rejected({ name: 'm.pt', bytes })).toContain('malformed-model');
  });

  it('are refused where members share their bytes', async () => {
    const npy = npyOf(npyHeader('4,'), [1, 2, 3, 4]);
    const bytes = zipSync({ 'a.npy': npy, 'b.npy': npy }, { level: 0 });
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const directory = view.getUint32(bytes.length - 22 + 16, true);
    const second = directory + 46 + view.getUint16(directory + 28, true);
    view.setUint32(second + 42, 0, true);
    expect(await rejected({ name: 'm.npz', bytes })).toContain('overlap');
  });
});

describe('pickles that try to import', () => {
  const marker = join(tmpdir(), `hostile-${process.pid}-was-here`);
  const command = make.tuple(make.text(`touch ${marker}`));

  it.each<[string, make.Piece]>([
    ['os.system', make.bytes(make.global('os', 'system'), command, make.REDUCE)],
    ['posix.system', make.bytes(make.global('posix', 'system'), command, make.REDUCE)],
    ['builtins.eval', make.call('builtins', 'eval', make.text(`open(${JSON.stringify(marker)}, 'w')`))],
    ['subprocess.Popen', make.bytes(make.global('subprocess', 'Popen'), command, make.NEWOBJ)],
    ['a name from the stack', make.bytes(make.text('os'), make.text('system'), [0x93], command, make.REDUCE)],
    ['torch.load', make.call('torch', 'load', make.text('https://example.org/x.pt'))],
    ['numpy’s test runner', make.call('numpy.testing._private.utils', 'runstring', make.text('1'), make.dict())],
  ])('are read, and run nothing: %s', async (name, piece) => {
    const good = make.tensor(make.storage('0', 1), [1], [1]);
    const data = make.pickle(make.dict([make.text('w'), good], [make.text('x'), piece]));
    for (const file of [
      { name: 'm.pt', bytes: make.archive(data, { 'data/0': make.floats(1) }) },
      { name: 'm.pth', bytes: make.legacy(data, [{ key: '0', elements: 1, values: make.floats(1) }]) },
    ]) {
      const { tensors, problems } = await opened(file);
      expect(tensors).toEqual(['w']);
      expect(problems[0]?.kind).toBe('skipped-object');
      expect(problems[0]?.message).toContain('nothing was executed');
    }
    expect(existsSync(marker), name).toBe(false);
  });
});
