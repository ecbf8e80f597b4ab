import type { OutlineEntry } from '../protocol/model.js';
import { openInspection, type CliOptions } from './open.js';

/** Prints the model's structure; nothing is run. */
export async function inspectCommand(options: CliOptions & { readonly json: boolean }): Promise<number> {
  const { inspection, model } = await openInspection(options);
  const { overview, outline, inputs } = model;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ overview, outline, inputs }, undefined, 2)}\n`);
  } else {
    const line = (name: string, text: string | number): boolean =>
      process.stdout.write(`${`${name}:`.padEnd(14)}${text}\n`);
    line(
      'File',
      `${overview.fileName}, ${(overview.fileBytes + overview.externalBytes).toLocaleString('en-US')} bytes`,
    );
    line('Producer', overview.producer);
    line('Operator set', overview.opsets.map(({ domain, version }) => `${domain} ${version}`).join(', '));
    for (const [name, values] of [
      ['Input', overview.inputs],
      ['Output', overview.outputs],
    ] as const) {
      for (const value of values)
        line(name, `${value.name}: ${value.type} [${value.shape?.join(' × ') ?? 'unknown rank'}]`);
    }
    line('Parameters', overview.parameters.toLocaleString('en-US'));
    line('Nodes', overview.nodes);
    line('Operators', overview.operators.map(({ operator, count }) => `${operator} × ${count}`).join(', '));
    for (const { message, place } of overview.cannotRun)
      line('Cannot run', place === undefined ? message : `${message} (${place})`);
    process.stdout.write('\n');
    printOutline(outline, 0);
  }
  await inspection.close({});
  return 0;
}

function printOutline(entries: readonly OutlineEntry[], depth: number): void {
  for (const { label, detail, children } of entries) {
    process.stdout.write(`${'  '.repeat(depth)}${label}  ${detail}\n`);
    printOutline(children, depth + 1);
  }
}
