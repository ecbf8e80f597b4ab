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

/** Arrows point down only. A later entry replaces an earlier one for the files that both name. */
const layers = [
  layer(['src/core/**'], aboveCore, 'core imports nothing above it, and no platform.'),
  layer(['src/core/*.ts'], '^\\./.+/|^\\.\\./|^(node:|vscode$)', 'What all of core uses, uses nothing of core.'),
  layer(
    ['src/core/{bytes,tensor,picture}/**'],
    `^\\.\\./(?!errors\\.js$)|${aboveCore}`,
    'bytes, tensor and picture import nothing of core but errors.',
  ),
  layer(
    ['src/core/formats/**'],
    core('graph|rewrite|engine|dataset|summary|weights|experiment|linear|attribution|passes'),
    'formats may import bytes and tensor.',
  ),
  layer(
    ['src/core/graph/**'],
    core('rewrite|engine|dataset|summary|weights|experiment|linear|attribution|passes'),
    'graph may import formats and below.',
  ),
  layer(
    ['src/core/weights/**'],
    core('graph|rewrite|engine|dataset|experiment|linear|attribution|passes'),
    'weights may import formats and below, and summary.',
  ),
  layer(
    ['src/core/{rewrite,engine,dataset,summary}/**'],
    core('experiment|linear|attribution|passes'),
    'rewrite, engine, dataset and summary know nothing of experiments, linear systems, attribution and passes.',
  ),
  layer(
    ['src/core/experiment/**'],
    core('linear|attribution|passes'),
    'experiment knows nothing of linear systems, attribution and passes.',
  ),
  layer(['src/core/linear/**'], core('attribution|passes'), 'linear knows nothing of attribution and passes.'),
  layer(['src/core/attribution/**'], core('passes'), 'attribution knows nothing of passes.'),
  layer(
    ['src/core/passes/*/**'],
    `^\\.\\./[^./]+/|${aboveCore}`,
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
