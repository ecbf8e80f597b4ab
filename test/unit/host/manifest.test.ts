import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DICTIONARY_ENDINGS, OTHER_ENDINGS, OWN_ENDINGS, stemOf } from '../../../src/host/model-files.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Entry {
  readonly command?: string;
  readonly when?: string;
}
interface Manifest {
  readonly main: string;
  readonly icon: string;
  readonly activationEvents: readonly string[];
  readonly capabilities: Readonly<Record<string, { readonly supported: unknown; readonly description?: string }>>;
  readonly contributes: {
    readonly commands: readonly {
      command: string;
      title: string;
      category: string;
      icon: string;
      enablement?: string;
    }[];
    readonly customEditors: readonly {
      viewType: string;
      priority: string;
      selector: readonly { filenamePattern: string }[];
    }[];
    readonly menus: Readonly<Record<string, readonly Entry[]>>;
    readonly keybindings: readonly (Entry & { key: string })[];
    readonly views: Readonly<Record<string, readonly { id: string; name: string; icon: string; when: string }[]>>;
    readonly viewsWelcome: readonly { view: string; contents: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
    readonly jsonValidation: readonly { fileMatch: string; url: string }[];
    readonly walkthroughs: readonly {
      title: string;
      steps: readonly {
        id: string;
        description: string;
        media: { markdown: string };
        completionEvents: readonly string[];
      }[];
    }[];
  };
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const {
  commands,
  menus,
  keybindings,
  views,
  viewsWelcome,
  configuration,
  walkthroughs,
  jsonValidation,
  customEditors,
} = manifest.contributes;
const ids = new Set(commands.map(({ command }) => command));
const ourEditor = 'activeCustomEditorId =~ /^modelInspector\\./';
const endings = [...OWN_ENDINGS, ...OTHER_ENDINGS.filter((ending) => !ending.includes('.'))];
const isModel = `resourceExtname =~ /^\\.(${endings.join('|')})$/i || resourceFilename =~ /\\.(pkl\\.gz|safetensors\\.index\\.json)$/i`;
const dictionaryEndings = DICTIONARY_ENDINGS.filter((ending) => !ending.includes('.'));
const mayBeDictionary = `resourceExtname =~ /^\\.(${dictionaryEndings.join('|')})$/i || resourceFilename =~ /\\.pkl\\.gz$/i`;

function commandsNamedIn(text: string): string[] {
  return [...text.matchAll(/command:([\w.]+)/g)].map(([, id]) => id ?? '');
}

describe('the manifest', () => {
  it('has its commands under the names that people are told', () => {
    expect(Object.fromEntries(commands.map(({ command, title }) => [command, title]))).toEqual({
      'modelInspector.inspect': 'Inspect Model',
      'modelInspector.runPass': 'Run Pass…',
      'modelInspector.chooseInputs': 'Choose Inputs…',
      'modelInspector.attachDictionary': 'Attach Dictionary…',
      'modelInspector.attachTranscoders': 'Attach Transcoders…',
      'modelInspector.attachToModel': 'Attach to Model…',
      'modelInspector.cancelRun': 'Cancel Run',
      'modelInspector.pruneDeadUnits': 'Prune Dead Units…',
      'modelInspector.stateInputRange': 'State Input Range…',
      'modelInspector.saveReport': 'Save Report…',
      'modelInspector.explainInput': 'Explain One Input',
      'modelInspector.export': 'Export Table or Picture…',
      'modelInspector.importFeatureList': 'Import Feature List…',
      'modelInspector.exportFeatures': 'Export Features…',
      'modelInspector.openSamples': 'Open Sample Workspace',
      'modelInspector.showLog': 'Show Log',
    });
  });

  it.each(commands)('$command has a category and an icon', ({ category, icon }) => {
    expect(category).toBe('Model Inspector');
    expect(icon).toMatch(/^\$\([a-z-]+\)$/);
  });

  it('offers what is done with features only where there are some', () => {
    const enabled = commands.filter(({ enablement }) => enablement === 'modelInspector.hasFeatures');
    expect(enabled.map(({ title }) => title)).toEqual(['Import Feature List…', 'Export Features…']);
  });

  it('names only commands that exist, in menus, keybindings, welcome texts and the walkthrough', () => {
    const named = [
      ...Object.values(menus).flatMap((entries) => entries.map(({ command }) => command ?? '')),
      ...keybindings.map(({ command }) => command ?? ''),
      ...viewsWelcome.flatMap(({ contents }) => commandsNamedIn(contents)),
      ...walkthroughs.flatMap(({ steps }) => steps.flatMap(({ description }) => commandsNamedIn(description))),
      ...walkthroughs.flatMap(({ steps }) =>
        steps.flatMap(({ completionEvents }) =>
          completionEvents
            .filter((event) => event.startsWith('onCommand:'))
            .map((event) => event.slice('onCommand:'.length)),
        ),
      ),
    ];
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((id) => !ids.has(id))).toEqual([]);
  });

  it('opens model files in its own editor by default, and others on request', () => {
    const patterns = (list: readonly string[]): object[] => list.map((ending) => ({ filenamePattern: `*.${ending}` }));
    expect(customEditors).toMatchObject([
      { viewType: 'modelInspector.editor', priority: 'default', selector: patterns(OWN_ENDINGS) },
      { viewType: 'modelInspector.otherFiles', priority: 'option', selector: patterns(OTHER_ENDINGS) },
    ]);
  });

  it('offers Inspect Model on every file that may be a model in the Explorer, and to attach those that may be dictionaries', () => {
    expect(menus['explorer/context']).toMatchObject([
      {
        command: 'modelInspector.inspect',
        when: isModel,
        group: expect.stringMatching(/^navigation/),
      },
      { command: 'modelInspector.attachToModel', when: mayBeDictionary },
    ]);
  });

  it.each([
    ['a.onnx', 'a'],
    ['model.safetensors.index.json', 'model'],
    ['mlp.10.pkl.gz', 'mlp.10'],
    ['README', 'README'],
    ['net.PT', 'net'],
  ])('calls what is saved beside %s after %s', (file, stem) => expect(stemOf(file)).toBe(stem));

  it.each(keybindings)('limits $key to its own editor and keeps it out of text inputs', ({ when }) => {
    expect(when).toContain(ourEditor);
    expect(when).toContain('!inputFocus');
  });

  it('limits every menu entry to a model, our editor or our views', () => {
    for (const { when } of Object.values(menus).flat()) {
      const limits = [isModel, mayBeDictionary, ourEditor, 'view == modelInspector.'];
      expect(
        limits.some((limit) => when?.includes(limit)),
        when,
      ).toBe(true);
    }
  });

  it('shows its trees only while one of its editors is in front', () => {
    const trees = Object.values(views).flat();
    expect(trees.map(({ id }) => id)).toEqual(['modelInspector.outline', 'modelInspector.findings']);
    for (const { when } of trees) expect(when).toBe(ourEditor);
    const viewIds = trees.map(({ id }) => id);
    for (const { view } of viewsWelcome) expect(viewIds).toContain(view);
  });

  it.each(Object.entries(configuration.properties))('explains the setting %s and bounds it', (_id, setting) => {
    expect(String(setting['markdownDescription']).length).toBeGreaterThan(60);
    expect(setting).toHaveProperty('default');
    if (setting['type'] === 'integer' || setting['type'] === 'number') {
      expect(setting['minimum']).toBeGreaterThanOrEqual(0);
      expect(setting['maximum']).toBeGreaterThan(Number(setting['default']));
    } else {
      expect(setting['enumDescriptions']).toHaveLength((setting['enum'] as unknown[]).length);
    }
  });

  it('gives recipe files their schema', () => {
    expect(jsonValidation).toEqual([{ fileMatch: '*.inspect.json', url: './media/inspect.schema.json' }]);
  });

  it('says what it does in workspaces that are not trusted or not on disk', () => {
    const { untrustedWorkspaces, virtualWorkspaces } = manifest.capabilities;
    expect(untrustedWorkspaces).toMatchObject({
      supported: 'limited',
      restrictedConfigurations: ['modelInspector.engine'],
    });
    for (const capability of [untrustedWorkspaces, virtualWorkspaces]) expect(capability?.description).toBeTruthy();
  });

  it('leads a new person from the samples to the heatmap, each step ending by a command', () => {
    const [walkthrough] = walkthroughs;
    expect(walkthrough?.title).toBe('Get started with Model Inspector');
    expect(walkthrough?.steps.map(({ id }) => id)).toEqual(['samples', 'inspect', 'run', 'inputs', 'heatmap']);
    for (const step of walkthrough?.steps ?? []) expect(step.completionEvents[0]).toMatch(/^onCommand:/);
  });

  it('names only files that exist', () => {
    const files = [
      manifest.icon,
      ...Object.values(views).flatMap((entries) => entries.map(({ icon }) => icon)),
      ...jsonValidation.map(({ url }) => url),
      ...walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)),
    ];
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('has an icon of at least 128 pixels', () => {
    const png = readFileSync(join(root, manifest.icon));
    // Width and height of the IHDR chunk.
    expect(Math.min(png.readUInt32BE(16), png.readUInt32BE(20))).toBeGreaterThanOrEqual(128);
  });
});
