import { describe, expect, it } from 'vitest';
import type { Recipe } from '../../../src/core/dataset/recipe.js';
import { problem } from '../../../src/core/errors.js';
import type { InputsDescription, ResultSummary, RunAnswer } from '../../../src/protocol/inspection.js';
import type { Answers, CoderDescription } from '../../../src/protocol/dictionary.js';
import type { Selection } from '../../../src/protocol/selection.js';
import type { FeatureOverview } from '../../../src/protocol/features.js';
import type { OpenedModel, OpenRequest, WorkerApi } from '../../../src/protocol/worker-api.js';
import type { WorkerListener } from '../../../src/host/session/compute-worker.js';
import { createSession, type Audience, type SessionOptions } from '../../../src/host/session/session.js';

const recipe: Recipe = { version: 1, inputs: {} };
const inputs: InputsDescription = { recipe, origin: 'guessed', lines: [], notes: [], size: 20, synthetic: true };
const model: OpenedModel = {
  overview: {
    fileName: 'a.onnx',
    format: 'onnx',
    formatName: 'ONNX',
    fileBytes: 1e9,
    externalBytes: 0,
    files: 1,
    tensors: 0,
    parameters: 0,
    metadata: [],
    unread: [],
    network: {
      producer: '',
      irVersion: 8,
      opsets: [],
      inputs: [],
      outputs: [],
      nodes: 0,
      operators: [],
      cannotRun: [],
      docString: '',
    },
  },
  outline: [],
  passes: [
    { id: 'dead-units', title: 'Dead units', question: '?', method: '', over: 'inputs' },
    {
      id: 'attention',
      title: 'Attention',
      question: '?',
      method: '',
      over: 'inputs',
      reason: 'There is no attention in this model.',
    },
  ],
  inputs,
};
const result = { finished: 'now', passes: [], layers: [] } as unknown as ResultSummary;

/** A session on workers that the test plays: each call is answered by `answers`, the newest worker is the last one. */
function scene(answers: Partial<WorkerApi> = {}, options: Partial<SessionOptions> = {}) {
  const listeners: WorkerListener[] = [];
  const told: [string, unknown][] = [];
  const stopped: number[] = [];
  const kept: {
    selection: Selection;
    recipe: Recipe | undefined;
    answers: Answers;
    dictionary?: NonNullable<OpenRequest['dictionary']>;
  } = {
    selection: {},
    recipe: undefined,
    answers: {},
  };
  const session = createSession({
    path: '/models/a.onnx',
    fileName: 'a.onnx',
    version: '1.0.0',
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    memory: {
      selection: () => kept.selection,
      setSelection: (selection) => void (kept.selection = selection),
      sizes: () => undefined,
      answers: () => kept.answers,
      setAnswers: (answers) => void (kept.answers = answers),
      dictionary: () => kept.dictionary,
      setDictionary: () => undefined,
      transcoders: () => undefined,
      setTranscoders: () => undefined,
      setSizes: () => undefined,
      recipe: () => kept.recipe,
      setRecipe: (next) => void (kept.recipe = next),
    },
    trusted: () => true,
    settings: () => ({ engine: 'automatic', threads: 0, defaultInputs: 200, cacheMegabytes: 512 }),
    startWorker: (listener) => {
      const number = listeners.push(listener);
      const api = { open: async () => model, cancelRun: async () => undefined, ...answers } as WorkerApi;
      return { api, stop: async () => void stopped.push(number) };
    },
    ...options,
  });
  const audience: Audience = { tell: (event, argument) => void told.push([event, argument]) };
  session.join(audience);
  return { session, listeners, told, stopped, kept, audience, events: () => told.map(([event]) => event) };
}

describe('features', () => {
  const overview = { dictionary: 'an SAE' } as unknown as FeatureOverview;
  const attached = (answers: Partial<WorkerApi>) => {
    const found = scene(answers);
    found.kept.dictionary = { path: '/models/sae.safetensors', answers: { k: 3 } };
    return found;
  };
  const told = (events: readonly [string, unknown][]): unknown[] =>
    events.filter(([event]) => event === 'featuresChanged').map(([, argument]) => argument);

  it('are those of the attached dictionary, and everybody is told that they are known', async () => {
    const asked: unknown[] = [];
    const scene = attached({
      features: async (request) => {
        asked.push(request);
        return overview;
      },
    });
    expect(scene.session.hasFeatures()).toBe(false);
    expect(await scene.session.features({ reads: 'x' })).toBe(overview);
    expect(asked).toEqual([{ reads: 'x', dictionary: '/models/sae.safetensors', answers: { k: 3 } }]);
    expect(scene.session.hasFeatures()).toBe(true);
    expect(told(scene.told)).toEqual([{ gathered: true }]);
  });

  it('are known no more once they are gathered anew and that fails, inputs change, or the model is read again', async () => {
    let known = true;
    let fails = false;
    const { session, ...scene } = attached({
      features: async () => {
        if (fails) throw problem('unfit-dictionary', 'It explains nothing.');
        return overview;
      },
      gatheredFeatures: async () => (known ? overview : undefined),
      setInputs: async () => ({ inputs }),
    });
    await session.features({});
    await session.setInputs(recipe);
    expect(session.hasFeatures()).toBe(true);
    known = false;
    await session.setInputs(recipe);
    expect(session.hasFeatures()).toBe(false);
    await session.features({});
    fails = true;
    await expect(session.features({})).rejects.toThrow('It explains nothing.');
    expect(session.hasFeatures()).toBe(false);
    fails = false;
    await session.features({});
    await session.reload();
    expect(session.hasFeatures()).toBe(false);
    expect(told(scene.told)).toEqual([true, false, true, false, true, false].map((gathered) => ({ gathered })));
  });

  it('take a dictionary', async () => {
    await expect(scene().session.features({})).rejects.toThrow('No dictionary is attached');
  });
});

describe('a dictionary', () => {
  it('is resolved with everything that the person said so far, until they begin again', async () => {
    const asked: unknown[] = [];
    const coder = async (request: { readonly answers?: Answers }): Promise<CoderDescription> => {
      asked.push(request.answers);
      return { state: 'open', equation: [], decisions: [], questions: [], isAnswered: false };
    };
    const { session, kept } = scene({ coder });
    await session.coder({ k: 3 });
    await session.coder({ subtract: 'no' });
    await session.coder();
    expect(kept.answers).toEqual({ k: 3, subtract: 'no' });
    await session.coder({});
    expect(asked).toEqual([{ k: 3 }, { k: 3, subtract: 'no' }, { k: 3, subtract: 'no' }, {}]);
  });
});

describe('an attached dictionary', () => {
  it('is named with what was said of it; where there is none, what to do is said', () => {
    const { session } = scene();
    expect(() => session.attached()).toThrow('No dictionary is attached');
  });
});

describe('a model', () => {
  it('is read once, however many editors show it', async () => {
    const { session, listeners } = scene();
    const [first, second] = await Promise.all([session.open(), session.open()]);
    expect(first).toMatchObject({ state: 'open', selection: {} });
    expect(second).toEqual(first);
    expect(listeners).toHaveLength(1);
  });

  it('that cannot be read is a state with the problem, not a rejection', async () => {
    const refuse = problem('truncated-file', 'The file ends early.', { place: 'byte 12' });
    const { session } = scene({ open: () => Promise.reject(refuse) });
    expect(await session.open()).toEqual({ state: 'failed', fileName: 'a.onnx', problem: refuse.problem });
    await expect(session.worker()).rejects.toMatchObject({ problem: { kind: 'truncated-file', place: 'byte 12' } });
  });

  it('that is not on a disk starts no worker', async () => {
    const refusal = { kind: 'file-unreadable', message: 'Files on disk only.' } as const;
    const { session, listeners } = scene({}, { refusal });
    expect(await session.open()).toMatchObject({ state: 'failed', problem: refusal });
    expect(listeners).toHaveLength(0);
  });
});

describe('a run', () => {
  it('asks the passes that apply, and tells everybody its result', async () => {
    const asked: unknown[] = [];
    const { session, told } = scene({ run: async ({ passes }) => (asked.push(passes), { result }) });
    await session.open();
    const { end } = await session.run();
    expect(await end).toEqual({ result });
    expect(asked).toEqual([['dead-units']]);
    expect(told).toEqual([
      ['runProgress', { phase: 'Preparing', unit: 'inputs', done: 0, planned: 20 }],
      ['resultChanged', { result }],
    ]);
    expect(session.running()).toBeUndefined();
    expect(session.model()?.result).toBe(result);
  });

  it('says why when nothing applies', async () => {
    const { session } = scene({ open: async () => ({ ...model, passes: model.passes.slice(1) }) });
    await expect(session.run()).rejects.toThrow('There is no attention in this model.');
  });

  it('is refused while another one is under way', async () => {
    const { session } = scene({ run: () => new Promise(() => undefined) });
    await session.run();
    await expect(session.run()).rejects.toThrow('under way');
  });

  it('that fails leaves the earlier result and tells the problem', async () => {
    const failing = problem('engine-failed', 'No kernel for Foo.');
    const { session, told } = scene({
      open: async () => ({ ...model, result }),
      run: () => Promise.reject(failing),
    });
    await (
      await session.run()
    ).end;
    expect(told.at(-1)).toEqual(['resultChanged', { result, problem: failing.problem }]);
    expect(session.model()?.result).toBe(result);
  });

  it('tells progress of the present worker only', async () => {
    const { session, listeners, events } = scene({ run: () => new Promise(() => undefined) });
    await session.run();
    const progress = { unit: 'inputs', done: 5, planned: 20, phase: 'Running' } as const;
    await listeners[0]?.runProgress(progress);
    expect(session.running()).toEqual(progress);
    await session.reload();
    const before = events().length;
    await listeners[0]?.runProgress(progress);
    expect(events()).toHaveLength(before);
  });
});

describe('a worker that dies', () => {
  it('is told with the memory that a run takes; reloading starts a new one', async () => {
    const { session, listeners, told } = scene();
    await session.open();
    listeners[0]?.lost({ how: 'error', code: 'ERR_WORKER_OUT_OF_MEMORY', message: '' });
    expect(told.at(-1)).toMatchObject([
      'workerLost',
      { kind: 'out-of-memory', message: expect.stringContaining('3,700 MB') },
    ]);
    expect(await session.open()).toMatchObject({ state: 'failed', problem: { kind: 'out-of-memory' } });
    await session.reload();
    expect(listeners).toHaveLength(2);
    expect(told.at(-1)).toMatchObject(['stateChanged', { state: 'open' }]);
  });

  it('ends the run that was under way', async () => {
    let fail: (error: Error) => void = () => undefined;
    const { session, listeners } = scene({ run: () => new Promise((_resolve, reject) => (fail = reject)) });
    const { end } = await session.run();
    listeners[0]?.lost({ how: 'exit', code: 1 });
    fail(problem('internal', 'The process stopped.'));
    expect(await end).toMatchObject({ problem: { message: 'The process stopped.' } });
    expect(session.running()).toBeUndefined();
  });
});

describe('a selection', () => {
  it('reaches everybody but the one who made it, once, and is kept', async () => {
    const { session, told, audience, kept } = scene();
    const others: unknown[] = [];
    session.join({ tell: (_event, argument) => void others.push(argument) });
    session.select({ layer: 'conv1', unit: 3 }, audience);
    session.select({ layer: 'conv1', unit: 3 });
    expect(told).toEqual([]);
    expect(others).toEqual([{ layer: 'conv1', unit: 3 }]);
    expect(kept.selection).toEqual({ layer: 'conv1', unit: 3 });
    expect(await session.open()).toMatchObject({ selection: { layer: 'conv1', unit: 3 } });
  });
});

describe('inputs', () => {
  it('that a person chose are kept, told, and used when the model is opened again', async () => {
    const opened: unknown[] = [];
    const chosen: InputsDescription = { ...inputs, origin: 'chosen' };
    const { session, told, kept } = scene({
      open: async (request) => (opened.push(request.recipe), model),
      setInputs: async () => ({ inputs: chosen }),
    });
    await session.setInputs(recipe);
    expect(told.at(-1)).toEqual(['inputsChanged', chosen]);
    expect(kept.recipe).toBe(recipe);
    await session.reload();
    expect(opened).toEqual([undefined, recipe]);
  });
});

describe('changed settings', () => {
  it('open the model again, after the run that is under way', async () => {
    let finish: (value: RunAnswer) => void = () => undefined;
    const { session, listeners, stopped } = scene({ run: () => new Promise((resolve) => (finish = resolve)) });
    session.settingsChanged();
    expect(listeners).toHaveLength(0);
    const { end } = await session.run();
    session.settingsChanged();
    expect(stopped).toEqual([]);
    finish({ result });
    await end;
    expect(stopped).toEqual([1]);
    expect(listeners).toHaveLength(2);
  });
});

describe('a file that changes on disk', () => {
  it('is told at once and to those who come later, until it is read again', async () => {
    const { session, told } = scene();
    await session.open();
    session.fileChanged(true);
    expect(told).toEqual([['fileChanged', { deleted: true }]]);
    expect(session.changeOnDisk()).toEqual({ deleted: true });
    await session.reload();
    expect(session.changeOnDisk()).toBeUndefined();
  });
});
