import tseslint from 'typescript-eslint';
import prettier from 'eslint-config-prettier';

/**
 * What the files of a folder may not import: a regular expression over import paths, which are relative throughout.
 *
 * @param {readonly string[]} files
 * @param {string} forbidden
 * @param {string} message
 */
const layer = (files, forbidden, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: forbidden, message }] }] },
});

/** @param {string} folders alternatives */
const into = (folders) => `/(${folders})/`;
/** What core never imports: the layers above it, and platforms. */
const aboveCore = `${into('protocol|node|worker|host|cli|webview')}|^(node:|vscode$)`;
const core = (/** @type {string} */ above) => `${into(above)}|${aboveCore}`;

/** Folders of core, highest last, from above what rewrites, runs, feeds and sums up. */
const OVER_EXPERIMENT = 'linear|attribution|features|circuits|passes|controls|pruning';
const OVER_REWRITE = `dictionary|experiment|${OVER_EXPERIMENT}`;
const OVER_GRAPH = `rewrite|engine|dataset|summary|weights|costs|${OVER_REWRITE}`;

/** Arrows point down only. A later entry replaces an earlier one for the files that both name. */
const layers = [
  layer(['src/core/**'], aboveCore, 'core imports nothing above it, and no platform.'),
  layer(['src/core/*.ts'], '^\\./.+/|^\\.\\./|^(node:|vscode$)', 'What all of core uses, uses nothing of core.'),
  layer(
    ['src/core/{bytes,tensor,picture}/**'],
    `^\\.\\./(?!errors\\.js$)|${aboveCore}`,
    'bytes, tensor and picture import nothing of core but errors.',
  ),
  layer(['src/core/formats/**'], core(`graph|${OVER_GRAPH}`), 'formats may import bytes and tensor.'),
  layer(['src/core/graph/**'], core(OVER_GRAPH), 'graph may import formats and below.'),
  layer(
    ['src/core/weights/**'],
    core(`graph|rewrite|engine|dataset|costs|${OVER_REWRITE}`),
    'weights may import formats and below, and summary.',
  ),
  layer(
    ['src/core/{rewrite,engine,dataset,summary,costs}/**'],
    core(OVER_REWRITE),
    'What is rewritten, run, fed and summed up knows nothing of what it is done for.',
  ),
  layer(
    ['src/core/{dictionary,experiment}/**'],
    core(OVER_EXPERIMENT),
    'dictionary and experiment know nothing of linear systems, attribution, features, circuits and passes.',
  ),
  layer(
    ['src/core/dictionary/{families,graphs}/**', 'src/core/dictionary/*.ts'],
    core(`experiment|attach|${OVER_EXPERIMENT}`),
    'What a dictionary computes is known without a model that it belongs to.',
  ),
  layer(
    ['src/core/linear/**'],
    core('attribution|features|circuits|passes|controls|pruning'),
    'linear knows nothing of attribution, features, circuits and passes.',
  ),
  layer(
    ['src/core/{attribution,features,circuits}/**'],
    core('passes|controls|pruning'),
    'attribution, features and circuits know nothing of passes.',
  ),
  layer(['src/core/passes/*.ts'], core('controls|pruning'), 'passes know nothing of controls and pruning.'),
  layer(
    ['src/core/passes/*/**'],
    `^\\.\\./[^./]+/|${core('controls|pruning')}`,
    'A pass knows nothing of other passes: what they share lies in src/core/passes.',
  ),
  layer(['src/protocol/**'], `${into('node|worker|host|cli|webview')}|^(node:|vscode$)`, 'protocol imports core only.'),
  layer(['src/node/**'], `${into('protocol|worker|host|cli|webview')}|^vscode$`, 'node imports core only.'),
  layer(['src/worker/**'], `${into('host|cli|webview')}|^vscode$`, 'The worker imports node, protocol and core.'),
  layer(['src/host/**'], into('node|worker|cli|webview'), 'The host imports protocol and core.'),
  layer(['src/cli/**'], `${into('host|webview')}|^vscode$`, 'The command line knows nothing of VS Code.'),
  layer(
    ['webview/**'],
    `${into('src/(node|worker|host|cli)')}|^(node:|vscode$)`,
    'The page imports protocol and core, never a platform.',
  ),
];

export default tseslint.config(
  { ignores: ['dist/', 'out/', 'node_modules/', '.cache/', '**/*_pb.ts', 'test-results/', 'media/'] },
  ...tseslint.configs.strict,
  prettier,
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs', '**/*.js'],
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-extraneous-class': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'ExportAllDeclaration', message: 'No barrels.' },
      ],
      eqeqeq: 'error',
      'prefer-const': 'error',
    },
  },
  ...layers,
  {
    // Configuration files of tools that demand a default export.
    files: ['*.config.ts', '*.config.js', 'test/**/*.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
