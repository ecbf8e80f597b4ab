import { dictionaryText } from '../core/formats/dictionary-signature.js';
import type { Answers, CoderDescription } from '../protocol/dictionary.js';
import type { NetworkOverview, OutlineEntry } from '../protocol/model.js';
import { openInspection, type CliOptions } from './open.js';

/** Prints the model's structure; nothing is run. */
export async function inspectCommand(
  options: CliOptions & { readonly json: boolean; readonly answers: Answers },
): Promise<number> {
  const { inspection, model } = await openInspection(options);
  const { overview, outline, inputs } = model;
  const coder = overview.dictionary === undefined ? undefined : await inspection.coder({ answers: options.answers });
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ overview, outline, inputs, coder }, undefined, 2)}\n`);
  } else {
    const line = (name: string, text: string | number): boolean =>
      process.stdout.write(`${`${name}:`.padEnd(14)}${text}\n`);
    line(
      'File',
      `${overview.fileName}, ${(overview.fileBytes + overview.externalBytes).toLocaleString('en-US')} bytes`,
    );
    line('Format', overview.formatName);
    line('Parameters', overview.parameters.toLocaleString('en-US'));
    line('Tensors', overview.tensors.toLocaleString('en-US'));
    if (overview.dictionary !== undefined) line('Dictionary', dictionaryText(overview.dictionary));
    if (coder !== undefined) describeCoder(coder, line);
    if (overview.network !== undefined) describeNetwork(overview.network, line);
    for (const { message, place } of overview.unread)
      line('Not read', place === undefined ? message : `${message} (${place})`);
    process.stdout.write('\n');
    printOutline(outline, 0);
  }
  await inspection.close({});
  return 0;
}

function describeCoder(
  { equation, decisions, questions, problem, limits }: CoderDescription,
  line: (name: string, text: string | number) => unknown,
): void {
  for (const { what, formula } of equation) line(what, formula);
  for (const { what, value, because } of decisions) line(what, `${value}. ${because}`);
  for (const { switch: asked, text, choices } of questions) {
    const answers = choices?.map((choice) => `--answer ${asked}=${choice.value}   ${choice.text}`) ?? [
      `--answer ${asked}=<number>`,
    ];
    line('Not said', [text, ...answers].join('\n  '));
  }
  if (limits !== undefined) line('Mind', limits);
  if (problem !== undefined) line('Problem', [problem.message, problem.remedy].join(' '));
}

function describeNetwork(network: NetworkOverview, line: (name: string, text: string | number) => unknown): void {
  line('Producer', network.producer);
  line('Operator set', network.opsets.map(({ domain, version }) => `${domain} ${version}`).join(', '));
  for (const [name, values] of [
    ['Input', network.inputs],
    ['Output', network.outputs],
  ] as const) {
    for (const value of values)
      line(name, `${value.name}: ${value.type} [${value.shape?.join(' × ') ?? 'unknown rank'}]`);
  }
  line('Nodes', network.nodes);
  line('Operators', network.operators.map(({ operator, count }) => `${operator} × ${count}`).join(', '));
  for (const { message, place } of network.cannotRun)
    line('Cannot run', place === undefined ? message : `${message} (${place})`);
}

function printOutline(entries: readonly OutlineEntry[], depth: number): void {
  for (const { label, detail, children } of entries) {
    process.stdout.write(`${'  '.repeat(depth)}${label}  ${detail}\n`);
    printOutline(children, depth + 1);
  }
}
