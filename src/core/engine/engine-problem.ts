import { problem, ProblemError } from '../errors.js';

/** What a failing call into the engine was doing. */
export type EngineStage = 'open' | 'run';

const OPERATOR_REMEDY =
  'Its structure and weights can still be inspected. To run it, export it with standard ONNX operators and an opset that ONNX Runtime knows.';

/**
 * An error thrown by ONNX Runtime as a problem that a person can act on. The library hands over text only, so its own
 * sentences are matched; its native and wasm builds say the same ones, with different prefixes.
 */
export function engineProblem(error: unknown, stage: EngineStage): ProblemError {
  if (error instanceof ProblemError) return error;
  const text = plainText(error);
  return (
    outOfMemory(error, text) ??
    unsupported(text) ??
    externalData(text) ??
    invalidInput(text) ??
    problem(
      'engine-failed',
      `The engine could not ${stage === 'open' ? 'load' : 'run'} the model: ${firstLine(text)}`,
      {
        place: failingNode(text),
        remedy:
          stage === 'open'
            ? 'Check the file with the tool that made it, or export it again.'
            : 'Check that the sizes and values of the inputs are what the model expects.',
      },
    )
  );
}

function outOfMemory(error: unknown, text: string): ProblemError | undefined {
  const isMemory =
    /bad_alloc|Failed to allocate memory|Tensor shape is too large|out of memory|Aborted\(OOM\)|allocation failed|Memory\.grow/i;
  if (!isMemory.test(text) && !(error instanceof RangeError)) return undefined;
  return problem('out-of-memory', 'The engine ran out of memory.', {
    place: failingNode(text),
    remedy: 'Use fewer or smaller inputs per forward, close other programs, or use the native engine.',
  });
}

function unsupported(text: string): ProblemError | undefined {
  const operator =
    /No Op registered for (\S+) with domain_version of/.exec(text)?.[1] ??
    /Fatal error: (\S+?)\(-?\d+\) is not a registered function\/op/.exec(text)?.[1] ??
    /Could not find an implementation for (\S+?)\(\d+\) node/.exec(text)?.[1];
  if (operator) {
    const withType = text.includes('Could not find an implementation') ? ' for the types that the model gives it' : '';
    return problem('unsupported-operator', `The engine has no operator “${operator}”${withType}.`, {
      place: failingNode(text),
      remedy: OPERATOR_REMEDY,
    });
  }
  const domain = /No opset import for domain '([^']*)'/.exec(text)?.[1];
  if (domain !== undefined) {
    return problem('unsupported-operator', `The model uses operators of “${domain}” without saying which version.`, {
      place: failingNode(text),
      remedy: OPERATOR_REMEDY,
    });
  }
  const version =
    /(Opset \d+) is under development/.exec(text)?.[1] ?? /Unsupported model (IR version: \d+)/.exec(text)?.[1];
  if (version) {
    return problem('unsupported-operator', `The model is newer than the engine: ${version.replace(': ', ' ')}.`, {
      remedy: OPERATOR_REMEDY,
    });
  }
  return undefined;
}

function externalData(text: string): ProblemError | undefined {
  if (!/external (data|initializer)|model_external|external file/i.test(text)) return undefined;
  if (/escapes|outside/i.test(text)) {
    return problem('external-data-outside-folder', 'The model’s weights lie outside its folder.', {
      place: firstLine(text),
      remedy: 'Put the weight files beside the model.',
    });
  }
  return problem('missing-external-data', 'The engine could not read the model’s weights from their file.', {
    place: firstLine(text),
    remedy: 'Put the weight files that belong to the model beside it.',
  });
}

function invalidInput(text: string): ProblemError | undefined {
  const rank = /Invalid rank for input: (.+?) Got: (\d+) Expected: (\d+)/.exec(text);
  if (rank) {
    return invalid(`Input “${rank[1]}” has ${rank[2]} dimensions; the model expects ${rank[3]}.`, rank[1]);
  }
  const size =
    /Got invalid dimensions for input: (.+?) for the following indices\s+index: (\d+) Got: (\d+) Expected: (\d+)/.exec(
      text,
    );
  if (size) {
    return invalid(`Axis ${size[2]} of input “${size[1]}” has size ${size[3]}; the model expects ${size[4]}.`, size[1]);
  }
  return undefined;
}

function invalid(message: string, input: string | undefined): ProblemError {
  return problem('invalid-inputs', message, {
    place: input && `input ${input}`,
    remedy: 'Choose inputs of the right shape, or change how they are prepared.',
  });
}

function failingNode(text: string): string | undefined {
  const running = /while running (\S+) node\. Name:'([^']*)'/.exec(text);
  if (running) return `${running[1]} “${running[2]}”`;
  const named = /node with name '([^']*)'/.exec(text)?.[1] ?? /In Node, \("([^"]*)"/.exec(text)?.[1];
  return named ? `node ${named}` : undefined;
}

/** The library's sentence without the prefixes of the wasm build and the paths of the machine it was built on. */
function plainText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replace(/^(Can't create a session|failed to call OrtRun\(\))\. ERROR_CODE: \d+, ERROR_MESSAGE: /, '')
    .replace(/(?:\/[\w.-]+)+\/(onnxruntime\/core\/[\w/.-]+\.(?:cc|h):\d+) /g, '$1 ');
}

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > 400 ? `${line.slice(0, 400)}…` : line;
}
