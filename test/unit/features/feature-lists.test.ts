import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvRows, csvText } from '../../../src/core/csv.js';
import { ProblemError } from '../../../src/core/errors.js';
import { joinLabels } from '../../../src/core/features/lists/join-labels.js';
import { groupName, groupsOf, layerOfSource } from '../../../src/core/features/lists/listed.js';
import { readList } from '../../../src/core/features/lists/read-list.js';
import type { ExportedFeature } from '../../../src/core/features/lists/exported.js';
import { cantorPair } from '../../../src/core/dictionary/cantor-pair.js';
import { circuitTracerFeature } from '../../../src/core/features/lists/write-circuit-tracer.js';
import { neuronpediaLine } from '../../../src/core/features/lists/write-neuronpedia.js';

const SOURCE = { modelId: 'gpt2-small', sourceId: '6-res-jb', layer: 6, hookName: 'blocks.6.hook_resid_pre' };
const EXCERPT = {
  input: 4,
  inputName: 'corpus.npy row 4',
  position: 2,
  at: 1,
  tokens: [' the', ' dog', '.'],
  activations: Float32Array.of(0, 3.5, 0.5),
};
/** Fires at 3 of 8 tokens: 0.5, 1.5 and 3.5, in four bins up to 4. */
const DOGS: ExportedFeature = {
  feature: 12,
  label: { name: 'dogs', note: 'also\nwolves' },
  nonZero: 0.375,
  density: 0.375,
  maximum: 3.5,
  tokens: 8,
  histogram: { edges: [0, 1, 2, 3, 4], counts: [1, 1, 0, 1] },
  top: [EXCERPT],
  intervals: [{ from: 3, to: 4, count: 1, examples: [EXCERPT] }],
  logits: {
    top: [{ text: ' bark', effect: 1.5 }],
    bottom: [{ text: ' meow', effect: -2 }],
    histogram: { edges: [-2, 0, 2], counts: [30, 10] },
  },
};
/** Of which nothing is known but that it never fires. */
const DEAD: ExportedFeature = {
  feature: 3,
  label: { name: '', note: '' },
  nonZero: 0,
  density: 0,
  maximum: 0,
  tokens: 8,
  histogram: { edges: [], counts: [] },
  top: [],
  intervals: [],
};

/** By hand, after `model Neuron`, `model Explanation` and `model Activation` of Neuronpedia’s schema. */
const ACTIVATION = {
  tokens: [' the', ' dog', '.'],
  values: [0, 3.5, 0.5],
  maxValue: 3.5,
  maxValueTokenIndex: 1,
  minValue: 0,
  qualifyingTokenIndex: 1,
  dataIndex: 'corpus.npy row 4',
};
const NEURONPEDIA = {
  modelId: 'gpt2-small',
  layer: '6-res-jb',
  index: '12',
  hookName: 'blocks.6.hook_resid_pre',
  explanations: [{ description: 'dogs', notes: 'also\nwolves' }],
  frac_nonzero: 0.375,
  maxActApprox: 3.5,
  freq_hist_data_bar_heights: [1, 1, 0, 1],
  freq_hist_data_bar_values: [0.5, 1.5, 2.5, 3.5],
  pos_str: [' bark'],
  pos_values: [1.5],
  neg_str: [' meow'],
  neg_values: [-2],
  logits_hist_data_bar_heights: [30, 10],
  logits_hist_data_bar_values: [-1, 1],
  activations: [ACTIVATION, { ...ACTIVATION, binMin: 3, binMax: 4, binContains: 0.125 }],
};

describe('features for other tools', () => {
  it('are spelled as Neuronpedia does', () => {
    const line = neuronpediaLine(SOURCE, DOGS);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual(NEURONPEDIA);
  });

  it('leave out what is not known', () => {
    expect(JSON.parse(neuronpediaLine({ modelId: 'a', sourceId: 'b' }, DEAD))).toEqual({
      modelId: 'a',
      layer: 'b',
      index: '3',
      frac_nonzero: 0,
      maxActApprox: 0,
      freq_hist_data_bar_heights: [],
      freq_hist_data_bar_values: [],
      activations: [],
    });
    expect(JSON.parse(circuitTracerFeature(SOURCE, DEAD))).toEqual({
      transcoder_id: '6-res-jb',
      index: 3,
      examples_quantiles: [],
      act_min: 0,
      act_max: 0,
      activation_frequency: 0,
    });
  });

  it('are spelled as circuit-tracer’s front end reads them', () => {
    const example = {
      tokens_acts_list: [0, 3.5, 0.5],
      train_token_ind: 1,
      is_repeated_datapoint: false,
      tokens: [' the', ' dog', '.'],
    };
    const found = JSON.parse(circuitTracerFeature(SOURCE, { ...DOGS, top: [EXCERPT, EXCERPT] })) as unknown;
    expect(found).toEqual({
      transcoder_id: '6-res-jb',
      index: 12,
      examples_quantiles: [
        { quantile_name: 'Top activations', examples: [example, { ...example, is_repeated_datapoint: true }] },
        { quantile_name: 'Activations from 3 to 4', examples: [example] },
      ],
      top_logits: [' bark'],
      bottom_logits: [' meow'],
      act_min: 0,
      act_max: 3.5,
      activation_frequency: 0.375,
    });
  });

  it('have numbers that the front end turns back into layer and feature', () => {
    expect([cantorPair(0, 0), cantorPair(1, 0), cantorPair(0, 1), cantorPair(6, 4012)]).toEqual([0, 1, 2, 8078183]);
  });
});

const read = async (text: string) => groupsOf((await readList(text, 'list')).features, 'list');
const bare = (features: readonly number[]) => [
  { features: features.map((feature) => ({ feature, label: { name: '', note: '' } })) },
];

describe('lists of features', () => {
  it('come back from Neuronpedia’s features as they went', async () => {
    const [group] = await read(neuronpediaLine(SOURCE, DOGS) + neuronpediaLine(SOURCE, DEAD));
    expect(group).toEqual({
      model: 'gpt2-small',
      source: '6-res-jb',
      layer: 6,
      features: [
        { feature: 12, label: { name: 'dogs', note: 'also\nwolves' } },
        { feature: 3, label: { name: '', note: '' } },
      ],
    });
  });

  it('are read from explanations of Neuronpedia, the first of a feature as its name', async () => {
    const explanation = (index: string, description: string) => ({
      modelId: 'm',
      layer: '0-res-jb',
      index,
      description,
    });
    const [group] = await read(
      JSON.stringify([explanation('5', 'cats'), explanation('5', 'small animals'), explanation('9', 'dogs')]),
    );
    expect(group?.features).toEqual([
      { feature: 5, label: { name: 'cats', note: 'small animals' } },
      { feature: 9, label: { name: 'dogs', note: '' } },
    ]);
  });

  it('are read from a graph of circuit-tracer: supernodes, names of nodes, no outputs, tokens and errors', async () => {
    const node = (node_id: string, feature_type: string, clerp = '') => ({ node_id, feature_type, clerp });
    const groups = await read(
      JSON.stringify({
        metadata: { scan: 'gemma-2-2b' },
        qParams: {
          supernodes: [
            ['Texas', '20_15589_9', '20_15589_10', '19_7477_9'],
            ['say Austin', '27_22605_10'],
          ],
        },
        nodes: [
          node('20_15589_9', 'cross layer transcoder', 'a state'),
          node('6_4012_7', 'cross layer transcoder', 'cities'),
          node('27_22605_10', 'logit', 'Output " Austin" (p=0.4)'),
          node('E_26865_9', 'embedding', 'Emb: Dallas'),
          node('0_error_3', 'mlp reconstruction error'),
        ],
        links: [],
      }),
    );
    expect(groups.map((group) => [groupName(group), group.features])).toEqual([
      ['gemma-2-2b, layer 20', [{ feature: 15589, label: { name: 'Texas', note: 'a state' } }]],
      ['gemma-2-2b, layer 19', [{ feature: 7477, label: { name: 'Texas', note: '' } }]],
      ['gemma-2-2b, layer 6', [{ feature: 4012, label: { name: 'cities', note: '' } }]],
    ]);
  });

  it('are read from the address of a graph', async () => {
    const address = `https://www.neuronpedia.org/gemma-2-2b/graph?slug=a&pinnedIds=27_22605_10%2CE_26865_9&supernodes=${encodeURIComponent(
      JSON.stringify([['preposition followed by place', '19_1445_10']]),
    ).replaceAll('%20', '+')}&clerps=%5B%5D`;
    const groups = await read(address);
    expect(groups).toEqual([
      {
        model: 'gemma-2-2b',
        layer: 19,
        features: [{ feature: 1445, label: { name: 'preposition followed by place', note: '' } }],
      },
      { model: 'gemma-2-2b', layer: 27, features: [{ feature: 22605, label: { name: '', note: '' } }] },
    ]);
  });

  it.each([
    ['12, 3\n7', [12, 3, 7]],
    ['[5, 6]', [5, 6]],
    ['[["", "0_5_1"]]', [5]],
    ['feature,name\r\n4,\r\n', [4]],
    ['{"transcoder_id": "t", "index": 8, "examples_quantiles": []}', [8]],
  ])('are read from %s', async (text, features) => {
    const [group] = await read(text);
    expect([group].map(({ features: found } = { features: [] }) => ({ features: found }))).toEqual(bare(features));
  });

  it('come back from a table as they went, formulas and line breaks among them', async () => {
    const rows = [
      ['feature', 'name', 'density', 'note'],
      ['3', '=SUM(A1)', '0.5', 'two\nlines, "quoted"'],
      ['4', '', '0', ''],
    ];
    const text = csvText(rows);
    expect([...csvRows(text)]).toEqual(rows);
    const [group] = await read(text);
    expect(group?.features[0]).toEqual({ feature: 3, label: { name: '=SUM(A1)', note: 'two\nlines, "quoted"' } });
  });

  it.each([
    ['', 'it is empty'],
    ['{"a": 1}', 'Nothing in it names a feature'],
    ['{"index": 1}\n{"index"', 'line 2 is no JSON'],
    ['name,density\na,1', 'names no column'],
    ['"just a text"', 'names no column'],
    ['{"index": -1}', 'Nothing in it names a feature'],
    ['{"index": 1e12}', 'Nothing in it names a feature'],
    ['{"index": {"a": 1}}', 'Nothing in it names a feature'],
    ['[[[["deep"]]]]', 'Nothing in it names a feature'],
    ['https://neuronpedia.org/m/graph?supernodes=%E0%A4%A', 'address is cut off'],
    ['\u0000\u0001\u0002', 'names no column'],
    ['null', 'names no column'],
    ['{"nodes": [null, 3, {"node_id": 7}], "qParams": [1], "metadata": null}', 'Nothing in it names a feature'],
  ])('that are none are said: %j', async (text, why) => {
    await expect(readList(text, 'list')).rejects.toMatchObject({
      problem: { kind: 'invalid-recipe', message: expect.stringContaining(why) as string, place: 'list' },
    });
  });

  it('that are broken anywhere are read or refused, and nothing else', async () => {
    const whole = [
      neuronpediaLine(SOURCE, DOGS),
      circuitTracerFeature(SOURCE, DOGS),
      JSON.stringify({ nodes: [{ node_id: '1_2_3', clerp: 'a' }], qParams: { supernodes: [['a', '1_2_3']] } }),
      csvText([['feature', 'name'], ['3', 'a, "b"']]), // prettier-ignore
      'https://www.neuronpedia.org/m/graph?supernodes=%5B%5B%22a%22%2C%221_2_3%22%5D%5D&pinnedIds=1_2_3',
    ];
    const broken = fc
      .tuple(fc.constantFrom(...whole), fc.nat(2000), fc.nat(8), fc.string({ maxLength: 8 }))
      .map(([text, at, less, more]) => text.slice(0, at) + more + text.slice(at + less));
    await fc.assert(
      fc.asyncProperty(broken, async (text) => {
        const outcome: unknown = await readList(text, 'list').catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ProblemError);
      }),
      { numRuns: 500 },
    );
  });

  it('say how many entries name no feature, and make names harmless', async () => {
    const { features, notes } = await readList('[{"index": 1, "name": "a\\u202eb"}, {"index": "x"}, 7]', 'list');
    expect(features).toEqual([{ feature: 1, label: { name: 'a\ufffdb', note: '' } }]);
    expect(notes).toEqual(['2 entries name no feature.']);
  });

  it('keep a long explanation whole, in the note', async () => {
    const long = 'very '.repeat(100).trim();
    const [group] = await read(JSON.stringify([{ index: 1, description: long }]));
    expect(group?.features[0]?.label.name.length).toBe(200);
    expect(group?.features[0]?.label.note).toBe(long);
  });

  it('know the layer by the name of the source', () => {
    expect(['6-res-jb', '12', 'res-6', '20-gemmascope-mlp-16k'].map(layerOfSource)).toEqual([6, 12, undefined, 20]);
  });
});

describe('names of a list beside a person’s', () => {
  const own = { 1: { name: 'mine', note: '' }, 2: { name: '', note: 'my note' }, 3: { name: 'same', note: '' } };
  const label = (name: string, note = '') => ({ name, note });
  const features = [
    { feature: 1, label: label('theirs', 'their note') },
    { feature: 2, label: label('two') },
    { feature: 3, label: label('same') },
    { feature: 4, label: label('four') },
    { feature: 5, label: label('') },
  ];

  it('are added, and never replace one silently', () => {
    const { labels, added, differing } = joinLabels(own, features, 'own');
    expect(labels).toEqual({
      1: { name: 'mine', note: 'their note' },
      2: { name: 'two', note: 'my note' },
      3: { name: 'same', note: '' },
      4: { name: 'four', note: '' },
    });
    expect(added).toBe(2);
    expect(differing).toEqual([{ feature: 1, own: own[1], listed: label('theirs', 'their note') }]);
  });

  it('replace them where that is asked, but take nothing away', () => {
    const { labels } = joinLabels(own, features, 'listed');
    expect(labels[1]).toEqual({ name: 'theirs', note: 'their note' });
    expect(labels[2]).toEqual({ name: 'two', note: 'my note' });
  });
});
