/** The linter holds the layers apart: what looks up is refused, what looks down is not. */
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const eslint = new ESLint({ cwd: fileURLToPath(new URL('../..', import.meta.url)) });

async function isRefused(file: string, imported: string): Promise<boolean> {
  const text = `import { x } from '${imported}';\nexport const y = x;\n`;
  const [result] = await eslint.lintText(text, { filePath: file });
  return result?.messages.some(({ ruleId }) => ruleId === 'no-restricted-imports') ?? false;
}

describe('an import that looks up or sideways is refused', () => {
  it.each([
    ['src/core/graph/graph.ts', '../../protocol/rpc.js'],
    ['src/core/graph/graph.ts', 'node:fs'],
    ['src/core/errors.ts', './graph/graph.js'],
    ['src/core/bytes/byte-source.ts', '../tensor/tensor.js'],
    ['src/core/formats/onnx/open.ts', '../../engine/engine.js'],
    ['src/core/graph/picture/elk.ts', '../../rewrite/prune.js'],
    ['src/core/rewrite/probe.ts', '../passes/pass.js'],
    ['src/core/rewrite/prune.ts', '../linear/system.js'],
    ['src/core/linear/system.ts', '../passes/place.js'],
    ['src/core/rewrite/splice.ts', '../experiment/sweeps.js'],
    ['src/core/experiment/sweeps.ts', '../passes/result.js'],
    ['src/core/linear/system.ts', '../attribution/patching.js'],
    ['src/core/rewrite/splice.ts', '../attribution/patching.js'],
    ['src/core/attribution/patching.ts', '../passes/place.js'],
    ['src/core/rewrite/splice.ts', '../dictionary/coder.js'],
    ['src/core/costs/costs.ts', '../experiment/sweeps.js'],
    ['src/core/dictionary/coder.ts', './attach/sites.js'],
    ['src/core/dictionary/attach/sites.ts', '../../passes/result.js'],
    ['src/core/features/gather.ts', '../passes/result.js'],
    ['src/core/circuits/influence.ts', '../passes/result.js'],
    ['src/core/linear/system.ts', '../circuits/influence.js'],
    ['src/core/passes/run.ts', '../controls/control.js'],
    ['src/core/linear/system.ts', '../../protocol/linear.js'],
    ['src/core/weights/statistics.ts', '../engine/engine.js'],
    ['src/core/formats/tensor-file.ts', '../weights/statistics.js'],
    ['src/core/passes/dead-units/pass.ts', '../zero-sparsity/state.js'],
    ['src/protocol/rpc.ts', 'node:worker_threads'],
    ['src/protocol/rpc.ts', '../node/data-files.js'],
    ['src/node/file-source.ts', '../protocol/rpc.js'],
    ['src/worker/main.ts', '../host/panel.js'],
    ['src/host/session/session.ts', '../../worker/inspection.js'],
    ['src/cli/main.ts', '../host/panel.js'],
    ['webview/graph/coloring.ts', '../../src/node/data-files.js'],
  ])('%s importing %s', async (file, imported) => expect(await isRefused(file, imported)).toBe(true));
});

describe('an import that looks down is not', () => {
  it.each([
    ['src/core/bytes/byte-source.ts', '../errors.js'],
    ['src/core/formats/onnx/open.ts', '../../tensor/tensor.js'],
    ['src/core/rewrite/probe.ts', '../dataset/dataset.js'],
    ['src/core/linear/system.ts', '../rewrite/prune.js'],
    ['src/core/experiment/sweeps.ts', '../dataset/dataset.js'],
    ['src/core/attribution/subject.ts', '../linear/layout.js'],
    ['src/core/dictionary/attach/sites.ts', '../../experiment/sweeps.js'],
    ['src/core/features/gather.ts', '../dictionary/coder.js'],
    ['src/core/controls/compare.ts', '../passes/result.js'],
    ['src/core/weights/statistics/wide.ts', '../../formats/tensor-file.js'],
    ['src/core/passes/dead-units/pass.ts', '../../summary/counts.js'],
    ['src/core/passes/dead-units/pass.ts', '../words.js'],
    ['src/core/passes/registry.ts', './dead-units/pass.js'],
    ['src/node/file-source.ts', 'node:fs/promises'],
    ['src/cli/main.ts', '../worker/inspection.js'],
    ['webview/graph/coloring.ts', '../../src/protocol/rpc.js'],
  ])('%s importing %s', async (file, imported) => expect(await isRefused(file, imported)).toBe(false));
});
