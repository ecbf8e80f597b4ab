#!/usr/bin/env node
/** `model-inspector`: the same passes without VS Code. */
import { parseArgs } from 'node:util';
import { CancelledError, ProblemError } from '../core/errors.js';
import { ALLOWED_PERCENT, isAllowedPercent } from '../core/experiment/allowed-loss-increase.js';
import { DEFAULT_FEATURES, type CircuitRequest } from '../protocol/circuits.js';
import type { Answers } from '../protocol/dictionary.js';
import { PROVEN_SOURCES, UNIT_SOURCES, type UnitSource } from '../core/pruning/unit-sources.js';
import { experiments, filePasses, passes } from '../core/passes/registry.js';
import { circuitCommand } from './circuit.js';
import { featuresCommand } from './features.js';
import { inspectCommand } from './inspect.js';
import { listOptions } from './list-options.js';
import { DEFAULT_LIMIT, type CliOptions } from './open.js';
import { passesCommand } from './passes.js';
import { pruneCommand } from './prune.js';
import { reportCommand } from './report.js';
import { onText } from './steering-options.js';
import { printDefect, printProblem } from './terminal.js';
import { indexOfInput, positionOfToken } from '../core/told-numbers.js';

const USAGE = `Usage: model-inspector <command> <model.onnx> [options]

Commands
  report    run the passes and write an HTML report and a JSON beside it
  passes    list what can be asked of this model, and what does not apply and why
  prune     write a smaller model without units that do nothing, after it gave the same as the original
  inspect   print the model's structure: inputs, outputs, parameters, operators, modules
  features  run a sparse autoencoder or transcoder over the inputs and print its features
  circuit   find which tokens, features and errors make up the next token, through one transcoder per layer

Options
  --inputs <path>    folder of images, .txt/.jsonl text, .npy/.npz/IDX file or ONNX test data; default:
                     <model>.inspect.json, or a guess
  --tokenizer <path> for text: tokenizer.json or vocabulary; default: the one beside the model or the text
  --answer <switch=value> what the dictionary’s file leaves open (“inspect” lists it); may be repeated
  --limit <n>        inputs to use at most (default: the recipe's, else ${DEFAULT_LIMIT})
  --pass <id>        run only this pass (may be repeated); all: every one that applies, also experiments, which run
                     every input many times and are otherwise left out
  --allowed-loss-increase <percent> report: how much worse the network may get where neurons are skipped, from
                     0.01 to 100 (PPL-p%; default 1; “--pass skippable-neurons”)
  --controls         report: run the passes again with random weights and on shuffled inputs (signal propagation also on
                     noise), and show these beside
  --source <name>    prune: units from weights, bounds, useless (the default: all three, proven) or data (not proven);
                     may be repeated
  --preview          prune: say what could be removed, and write nothing
  --out <path>       prune: the model to write (default <model>.pruned.onnx; never the original or an existing file)
                     report: the HTML file to write (default <model>.report.html; the JSON lies beside it)
                     features: with --export, the file, or the folder that gets a new one
  --engine <name>    automatic, native or wasm (default automatic)
  --threads <n>      threads of the engine (default 0: all cores)
  --json             inspect, passes, features, circuit, prune: print JSON
  --dictionary <path> features: the dictionary's file; report, passes: attached to the model, “--pass dictionary-fit”
                     measures where it fits
  --reads <value>    features: the value of the model that it reads (default: as the file beside it says)
  --writes <value>   features: the value that it is to write (default likewise, else what it reads)
  --feature <n>      features: tell more of this feature (may be repeated); circuit: see --layer
  --neighbours       features: also what each --feature is like: units and features that it goes together with; one
                     more run over the inputs for each
  --source-tokens    features: also from which tokens each --feature got its value at its strongest examples, where the
                     dictionary reads what attention gives
  --list <list>      features: only those that this file, or the address of a Neuronpedia graph, names: Neuronpedia
                     explanations or features, circuit-tracer, CSV, numbers; with --layer, those of that layer
  --names <what>     features: with --list, its names join yours in the file beside the dictionary: keep (yours stay) or
                     replace (its own win)
  --export <format>  features: write them to --out: neuronpedia (a file), csv, circuit-tracer or activation-cache (a new
                     folder in it; the latter holds all activations in Delphi’s layout); --layer says the layer
  --transcoders <path> circuit: a transcoder’s file, or a folder with one for each layer; may be repeated
  --prompt <text>    circuit: the text (default: the first of the model’s inputs)
                     features: tell which fire where on this text, instead of the table of all
  --input <n>        circuit, features: one of the model’s inputs instead, from 1
  --at <n>           circuit: the token after which the target is read, from 1 (default: the last)
                     features: only those that fire at this token; with --steer, where the prediction is read
  --rank <by>        features: with --prompt, by activation (the default), rarity or (direct) effect
  --steer <n=what>   features: with --prompt, change feature n: 12=ablate, 12=set:4, 12=add:2.5, 12=add:3x (times its
                     largest activation); may be repeated
  --positions <list> features: with --steer, at these tokens only, from 1: 3,4,9
  --continue <n>     features: with --prompt, write n tokens on, as the model is and with --steer
  --temperature <t>  features: with --continue, sample at this temperature (default 0: always the likeliest)
  --seed <n>         features: with --continue, of the sampling (default 1)
  --plus <token>     circuit: explain by how much its logit is larger than that of --minus (default: the likeliest and
  --minus <token>    the second); without both, the likely next tokens are explained
  --layer <n>        circuit: with --feature, explain that feature of the transcoder of layer n
  --max-features <n> circuit: features in the graph at most (default ${DEFAULT_FEATURES})
  --even-if-unfit    features: also where the dictionary explains nothing of the value
  --help
`;

/** Exit codes: 0 done, 1 a problem that the message explains, 2 wrong usage, 130 cancelled. */
async function main(): Promise<number> {
  const parsed = parse();
  if (parsed === undefined) return 2;
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [command, model] = positionals;
  if (command === undefined || model === undefined || positionals.length > 2) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { engine } = values;
  const limit = values.limit === undefined ? undefined : Number(values.limit);
  const threads = Number(values.threads);
  if (engine !== 'automatic' && engine !== 'native' && engine !== 'wasm') return wrongOption('--engine', engine);
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1))
    return wrongOption('--limit', values.limit ?? '');
  if (values.tokenizer !== undefined && values.inputs === undefined) {
    return wrongOption('--tokenizer', values.tokenizer, 'It goes with --inputs.');
  }
  const percent = values['allowed-loss-increase'] === undefined ? undefined : Number(values['allowed-loss-increase']);
  if (percent !== undefined && !isAllowedPercent(percent)) {
    const { least, most } = ALLOWED_PERCENT;
    const range = `It is a number of percent from ${least} to ${most}.`;
    return wrongOption('--allowed-loss-increase', values['allowed-loss-increase'] ?? '', range);
  }
  if (!Number.isSafeInteger(threads) || threads < 0) return wrongOption('--threads', values.threads);
  const known = [...[...passes, ...filePasses, ...experiments].map(({ id }) => id), 'all'];
  const unknown = values.pass.find((id) => !known.includes(id));
  if (unknown !== undefined) return wrongOption('--pass', unknown, `The passes are ${known.join(', ')}.`);
  const strange = values.source.find((name) => !UNIT_SOURCES.some((source) => source === name));
  if (strange !== undefined) return wrongOption('--source', strange, `The sources are ${UNIT_SOURCES.join(', ')}.`);
  const answers = answersOf(values.answer);
  if (typeof answers === 'string') return wrongOption('--answer', answers, 'It is a switch and its value: k=32.');
  const options: CliOptions & { readonly answers: Answers } = {
    model,
    engine,
    threads,
    ...(limit === undefined ? {} : { limit }),
    ...(percent === undefined ? {} : { allowedLossIncrease: percent / 100 }),
    ...(values.inputs === undefined ? {} : { inputs: values.inputs }),
    ...(values.tokenizer === undefined ? {} : { tokenizer: values.tokenizer }),
    answers,
    // “features” asks of the dictionary itself; elsewhere it is attached to the model.
    ...(values.dictionary === undefined || command === 'features'
      ? {}
      : { attached: { path: values.dictionary, answers } }),
  };
  try {
    switch (command) {
      case 'report':
        return await reportCommand({
          ...options,
          passes: values.pass,
          controls: values.controls,
          ...(values.out === undefined ? {} : { out: values.out }),
        });
      case 'prune':
        return await pruneCommand({
          ...options,
          sources: values.source.length > 0 ? (values.source as UnitSource[]) : PROVEN_SOURCES,
          preview: values.preview,
          json: values.json,
          ...(values.out === undefined ? {} : { out: values.out }),
        });
      case 'passes':
        return await passesCommand({ ...options, json: values.json });
      case 'inspect':
        return await inspectCommand({ ...options, json: values.json });
      case 'features': {
        const { dictionary, reads, writes } = values;
        if (dictionary === undefined) return wrongOption('--dictionary', '', 'Name the file of the dictionary.');
        const features = values.feature.map(Number);
        const wrong = values.feature.find((_, at) => !Number.isSafeInteger(features[at]));
        if (wrong !== undefined) return wrongOption('--feature', wrong);
        const text = onText(values);
        if (text !== undefined && 'option' in text) return wrongOption(text.option, text.value, text.hint);
        if (values.neighbours && features.length === 0)
          return wrongOption('--neighbours', '', 'Say of which features: --feature <n>.');
        if (values['source-tokens'] && features.length === 0)
          return wrongOption('--source-tokens', '', 'Say of which features: --feature <n>.');
        const lists = listOptions(values);
        if ('option' in lists) return wrongOption(lists.option, lists.value, lists.hint);
        return await featuresCommand({
          ...options,
          ...lists,
          dictionary,
          features,
          neighbours: values.neighbours,
          sourceTokens: values['source-tokens'],
          evenIfUnfit: values['even-if-unfit'],
          json: values.json,
          ...(text === undefined ? {} : { onText: text }),
          ...(reads === undefined ? {} : { reads }),
          ...(writes === undefined ? {} : { writes }),
        });
      }
      case 'circuit': {
        const request = circuitRequest(values);
        if (typeof request === 'string') return wrongOption(request, String(values[request.slice(2) as 'at'] ?? ''));
        if (values.transcoders.length === 0)
          return wrongOption('--transcoders', '', 'Name the folder with one transcoder for each layer.');
        return await circuitCommand({ ...options, transcoders: values.transcoders, request, json: values.json });
      }
      default:
        process.stderr.write(`Unknown command “${command}”.\n\n${USAGE}`);
        return 2;
    }
  } catch (error) {
    if (error instanceof CancelledError) return 130;
    if (error instanceof ProblemError) printProblem(error.problem);
    else printDefect(error);
    return 1;
  }
}

function parse(): ReturnType<typeof parseOptions> | undefined {
  try {
    return parseOptions();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return undefined;
  }
}

function parseOptions() {
  return parseArgs({
    allowPositionals: true,
    options: {
      inputs: { type: 'string' },
      tokenizer: { type: 'string' },
      answer: { type: 'string', multiple: true, default: [] },
      limit: { type: 'string' },
      'allowed-loss-increase': { type: 'string' },
      pass: { type: 'string', multiple: true, default: [] },
      source: { type: 'string', multiple: true, default: [] },
      preview: { type: 'boolean', default: false },
      out: { type: 'string' },
      engine: { type: 'string', default: 'automatic' },
      threads: { type: 'string', default: '0' },
      controls: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      dictionary: { type: 'string' },
      reads: { type: 'string' },
      writes: { type: 'string' },
      feature: { type: 'string', multiple: true, default: [] },
      transcoders: { type: 'string', multiple: true, default: [] },
      prompt: { type: 'string' },
      rank: { type: 'string', default: 'activation' },
      steer: { type: 'string', multiple: true, default: [] },
      positions: { type: 'string' },
      continue: { type: 'string' },
      temperature: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      input: { type: 'string' },
      at: { type: 'string' },
      plus: { type: 'string' },
      minus: { type: 'string' },
      layer: { type: 'string' },
      'max-features': { type: 'string' },
      neighbours: { type: 'boolean', default: false },
      'source-tokens': { type: 'boolean', default: false },
      list: { type: 'string' },
      names: { type: 'string' },
      export: { type: 'string' },
      'even-if-unfit': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
}

/** What is asked of a circuit; the first option that is not a number where it should be one. */
function circuitRequest(values: ReturnType<typeof parseOptions>['values']): CircuitRequest | string {
  const numbers = {
    '--input': values.input,
    '--at': values.at,
    '--layer': values.layer,
    '--max-features': values['max-features'],
    '--feature': values.feature[0],
  };
  for (const [option, value] of Object.entries(numbers)) {
    if (value !== undefined && !Number.isSafeInteger(Number(value))) return option;
  }
  const { prompt, plus, minus, layer, at } = values;
  const [feature] = values.feature;
  return {
    input:
      prompt === undefined
        ? { kind: 'input', index: indexOfInput(Number(values.input ?? 1)) }
        : { kind: 'prompt', text: prompt },
    target:
      layer !== undefined && feature !== undefined
        ? { kind: 'feature', layer: Number(layer), feature: Number(feature) }
        : plus !== undefined || minus !== undefined
          ? {
              kind: 'difference',
              ...(plus === undefined ? {} : { token: plus }),
              ...(minus === undefined ? {} : { minus }),
            }
          : { kind: 'likely' },
    ...(at === undefined ? {} : { position: positionOfToken(Number(at)) }),
    maximumFeatures: Number(values['max-features'] ?? DEFAULT_FEATURES),
  };
}

/** "k=32", "subtract=yes"; the first that is not so. */
function answersOf(given: readonly string[]): Answers | string {
  const answers: Record<string, string | number> = {};
  for (const each of given) {
    const [, name, value] = /^([a-z-]+)=(.+)$/.exec(each) ?? [];
    if (name === undefined || value === undefined) return each;
    const number = Number(value);
    answers[name] = Number.isFinite(number) ? number : value;
  }
  return answers;
}

function wrongOption(option: string, value: string, hint?: string): number {
  process.stderr.write(`${option} cannot be “${value}”.${hint === undefined ? '' : ` ${hint}`}\n\n${USAGE}`);
  return 2;
}

// Whoever reads no further, as `head` does, has what they want.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await main();
