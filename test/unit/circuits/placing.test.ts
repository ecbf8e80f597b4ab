import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { repository } from '../../../scripts/lib/paths.mjs';
import { circuitLayers, placeTranscoders, type NamedPlaces } from '../../../src/core/circuits/placing.js';
import { ModelProtoSchema } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';

const graphOf = (path: string): Graph =>
  createGraph(fromBinary(ModelProtoSchema, readFileSync(join(repository, 'media/samples', path))));
const graph = graphOf('grammar-gpt/grammar-gpt.onnx');
const reads = '/blocks.1/norm2/LayerNormalization_output_0';
const writes = '/blocks.1/mlp/down/Add_output_0';
const stated = (places: Partial<NamedPlaces>): NamedPlaces => ({ name: 'a', reads: [], writes: [], ...places });
const placeOf = (places: Partial<NamedPlaces>) => placeTranscoders(graph, [stated(places)])[0];

describe('the layers of a language model', () => {
  it('are those with an MLP, between the embedding of tokens and their scores', () => {
    const layers = circuitLayers(graph);
    expect(layers.layers.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(layers.layers[1]).toMatchObject({ reads, writes });
    expect(layers.embedding).toBe('/token_embedding/Gather_output_0');
    expect(layers.logits).toBe('logits');
    expect(layers.patterns).toHaveLength(4);
  });

  it('are none in a network of pictures, which is said', () => {
    expect(() => circuitLayers(graphOf('shapes/shapes-resnet.onnx'))).toThrow(/language model of transformer layers/);
  });
});

describe('a transcoder is placed', () => {
  it.each([
    ['by the ONNX values of its configuration', { reads: [reads], writes: [writes] }],
    ['by hook names', { reads: ['blocks.1.mlp.hook_in'], writes: ['blocks.1.hook_mlp_out'] }],
    ['by what it writes alone', { writes: ['blocks.1.hook_mlp_out'] }],
    ['by what it reads alone', { reads: ['blocks.1.ln2.hook_out'] }],
    ['by the number of its layer', { layer: 1 }],
  ])('%s', (_, places) => expect(placeOf(places)).toMatchObject({ layer: 1, reads, writes }));

  it('where it reads another value of its layer, and says so by reading that', () => {
    expect(placeOf({ reads: ['blocks.1.hook_resid_mid'], writes: ['blocks.1.hook_mlp_out'] })).toMatchObject({
      layer: 1,
      reads: '/blocks.1/Add_output_0',
    });
  });
});

describe('a transcoder is not placed', () => {
  it.each([
    ['that writes what no MLP writes', { writes: ['blocks.1.hook_resid_post'] }, /not what an MLP/],
    ['that reads what no MLP reads', { reads: ['blocks.1.hook_attn_out'] }, /not what an MLP/],
    [
      'whose hooks the model lacks',
      { reads: ['blocks.9.mlp.hook_in'], writes: ['blocks.9.hook_mlp_out'] },
      /no value or hook “blocks.9.hook_mlp_out”/,
    ],
    ['whose layer the model lacks', { layer: 9 }, /no MLP in a layer 9/],
    ['of which nothing is said', {}, /No configuration/],
  ])('%s', (_, places, reason) => {
    const place = placeOf(places);
    expect(place !== undefined && 'reason' in place ? place.reason : '').toMatch(reason);
  });

  it('where another one stands already, which is named', () => {
    const [first, second] = placeTranscoders(graph, [
      stated({ name: 'one', layer: 2 }),
      stated({ name: 'two', layer: 2 }),
    ]);
    expect(first).toMatchObject({ layer: 2 });
    expect(second).toEqual({ reason: 'Layer 2 has “one” already.' });
  });
});
