import type { ByteSource } from '../../bytes/byte-source.js';
import { displayText } from '../../display-text.js';
import { problem, type Problem, type ProblemError } from '../../errors.js';
import { listedProblems } from '../listed-problems.js';
import type { MetadataEntry, WeightTensor } from '../tensor-file.js';
import { collect } from './collect.js';
import type { PickleValue } from './pickle-values.js';
import { isDamaged, ownBytes, weightOf, type ViewContext } from './views.js';

/** What the pickles of a file became, in whichever form the file holds them. */
export interface Checkpoint {
  /** As shown: "PyTorch checkpoint (zip)". */
  readonly formatName: string;
  /** Each pickle with what its names begin with, and where its values lie. */
  readonly pickles: readonly { readonly prefix: string; readonly value: PickleValue; readonly context: ViewContext }[];
  readonly metadata: readonly MetadataEntry[];
  /** How many objects of each class were not made; 0: the file only names it. */
  readonly skipped: ReadonlyMap<string, number>;
}

export interface CheckpointContents {
  readonly tensors: readonly WeightTensor[];
  readonly metadata: readonly MetadataEntry[];
  readonly problems: readonly Problem[];
}

const SAVE_AS_SAFETENSORS =
  'Save the weights alone as safetensors: safetensors.torch.save_file(model.state_dict(), "model.safetensors").';

/** @throws ProblemError `not-a-model` where there are no tensors. */
export async function checkpointContents(
  source: ByteSource,
  checkpoint: Checkpoint,
  signal?: AbortSignal,
): Promise<CheckpointContents> {
  const tensors: WeightTensor[] = [];
  const metadata: MetadataEntry[] = [...checkpoint.metadata];
  const problems: Problem[] = [];
  for (const { prefix, value, context } of checkpoint.pickles) {
    const found = await collect(value, prefix, source, signal);
    const bytes = ownBytes(
      found.tensors.map(({ view }) => view),
      context,
    );
    found.tensors.forEach(({ name, view }, index) => tensors.push(weightOf(name, view, bytes[index] ?? 0, context)));
    metadata.push(...found.metadata);
    problems.push(...found.problems);
  }
  if (tensors.length === 0) throw noTensors(source, checkpoint);
  problems.push(...damageProblems(source, tensors), ...skippedProblems(source, checkpoint.skipped));
  return { tensors, metadata, problems };
}

function noTensors(source: ByteSource, { formatName, skipped }: Checkpoint): ProblemError {
  const [first] = skipped.keys();
  const others = skipped.size > 1 ? ` and ${skipped.size - 1} more` : '';
  const asked = first === undefined ? '' : ` It asks for “${displayText(first)}”${others}, which is never executed.`;
  return problem('not-a-model', `“${source.name}” (${formatName}) holds no tensors.${asked}`, {
    place: `byte 0 of ${source.name}`,
    remedy: SAVE_AS_SAFETENSORS,
  });
}

function damageProblems(source: ByteSource, tensors: readonly WeightTensor[]): readonly Problem[] {
  const problems = tensors.filter(isDamaged).map(({ name, unreadable }): Problem => {
    const shown = displayText(name, 100);
    return {
      kind: 'malformed-model',
      message: `The tensor “${shown}” cannot be read. ${unreadable}`,
      place: `“${shown}” in ${source.name}`,
      remedy: 'Download or save the file again.',
    };
  });
  return listedProblems(problems, (hidden) => ({
    kind: 'malformed-model',
    message: `${hidden} more tensors that cannot be read are not listed.`,
  }));
}

function skippedProblems(source: ByteSource, skipped: ReadonlyMap<string, number>): readonly Problem[] {
  const problems = [...skipped].map(([name, count]): Problem => {
    const shown = displayText(name, 100);
    const times = count === 1 ? 'once' : `${count} times`;
    return {
      kind: 'skipped-object',
      message:
        count === 0
          ? `“${source.name}” names “${shown}”, which was not imported.`
          : `“${source.name}” asks for “${shown}” ${times}; nothing was executed, and only the data in it are listed.`,
      place: `“${shown}” in ${source.name}`,
      remedy: SAVE_AS_SAFETENSORS,
    };
  });
  return listedProblems(problems, (hidden) => ({
    kind: 'skipped-object',
    message: `“${source.name}” asks for ${hidden} more classes and functions, which are not listed.`,
    place: source.name,
  }));
}
