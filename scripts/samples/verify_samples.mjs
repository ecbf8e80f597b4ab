/**
 * Measures the samples as they ship, in onnxruntime-node: the accuracy on the pictures, read as the recipe says, and the
 * perplexity of the held-out stories, read with the tokenizer. Optionally compares with what torch computes.
 *
 * Usage: npm i --no-save @huggingface/tokenizers@0.2.0
 *        node scripts/samples/verify_samples.mjs [OUTPUTS.json]     (OUTPUTS.json as torch_outputs.py writes it)
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Tokenizer } from '@huggingface/tokenizers';
import { decode } from 'fast-png';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const SAMPLES = new URL('../../media/samples/', import.meta.url);
const LARGEST_DIFFERENCE = 1e-4;

const bytesOf = (path) => readFileSync(new URL(path, SAMPLES));
const textOf = (path) => bytesOf(path).toString('utf8');
const linesOf = (path) => textOf(path).trimEnd().split('\n');
const jsonOf = (path) => JSON.parse(textOf(path));

function argmax(values) {
  return values.reduce((best, value, index) => (value > values[best] ? index : best), 0);
}

/** (pixel * scale - mean) / std of one RGB picture, as (channel, row, column). */
function prepared(path, { scale, mean, std }) {
  const { width, height, channels, data } = decode(bytesOf(path));
  assert.equal(channels, 3);
  const values = new Float32Array(3 * width * height);
  for (let channel = 0; channel < 3; channel++)
    for (let pixel = 0; pixel < width * height; pixel++)
      values[channel * width * height + pixel] = (data[pixel * 3 + channel] * scale - mean[channel]) / std[channel];
  return { values, width, height };
}

async function measureShapes() {
  const recipe = jsonOf('shapes/shapes-resnet.inspect.json');
  const classes = linesOf('shapes/classes.txt');
  const rows = linesOf('shapes/labels.csv')
    .slice(1)
    .map((line) => line.split(','));
  const session = await InferenceSession.create(bytesOf('shapes/shapes-resnet.onnx'));
  let right = 0;
  for (const [file, label] of rows) {
    const { values, width, height } = prepared(`shapes/images/${file}`, recipe.inputs.image);
    const { logits } = await session.run({ image: new Tensor('float32', values, [1, 3, height, width]) });
    if (classes[argmax(logits.data)] === label) right++;
  }
  console.log(`shapes: ${right} of ${rows.length} pictures right, accuracy ${(right / rows.length).toFixed(4)}`);
}

/** Negative log-probability of `target`, in nats. */
function surprise(scores, target) {
  const highest = Math.max(...scores);
  const total = scores.reduce((sum, score) => sum + Math.exp(score - highest), 0);
  return Math.log(total) + highest - scores[target];
}

async function measureGrammarGpt() {
  const tokenizer = new Tokenizer(jsonOf('grammar-gpt/tokenizer.json'), {});
  const endOfText = tokenizer.token_to_id('<|endoftext|>');
  const session = await InferenceSession.create(bytesOf('grammar-gpt/grammar-gpt.onnx'));
  const stories = linesOf('grammar-gpt/corpus.txt');
  const stream = [];
  let nats = 0;
  let right = 0;
  let tokens = 0;
  for (const story of stories) {
    const { ids } = tokenizer.encode(story);
    assert.equal(tokenizer.decode(ids), story);
    const inputs = [endOfText, ...ids];
    const targets = [...ids, endOfText];
    stream.push(...inputs);
    const input = new Tensor('int64', BigInt64Array.from(inputs, BigInt), [1, inputs.length]);
    const { logits } = await session.run({ input_ids: input });
    const vocabularySize = logits.dims[2];
    targets.forEach((target, position) => {
      const scores = logits.data.subarray(position * vocabularySize, (position + 1) * vocabularySize);
      nats += surprise(scores, target);
      if (argmax(scores) === target) right++;
    });
    tokens += targets.length;
  }
  const perToken = nats / tokens;
  console.log(
    `grammar-gpt: ${stories.length} stories, ${tokens} tokens, ${perToken.toFixed(4)} nats per token, ` +
      `perplexity ${Math.exp(perToken).toFixed(3)}, next token right ${(right / tokens).toFixed(4)}`,
  );
  checkPackedTokens(stream);
}

/** corpus.npy holds the beginning of the same stream of tokens, as little-endian uint16 after its header. */
function checkPackedTokens(stream) {
  const bytes = bytesOf('grammar-gpt/corpus.npy');
  const start = 10 + bytes.readUInt16LE(8);
  const count = (bytes.length - start) / 2;
  for (let index = 0; index < count; index++) assert.equal(bytes.readUInt16LE(start + 2 * index), stream[index]);
  console.log(`grammar-gpt: the ${count} tokens of corpus.npy are those of corpus.txt`);
}

async function compareWithTorch(path) {
  for (const { model, input, type, shape, values, logits } of JSON.parse(readFileSync(path, 'utf8'))) {
    const session = await InferenceSession.create(bytesOf(model));
    const data = type === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values);
    const outputs = await session.run({ [input]: new Tensor(type, data, shape) });
    const largest = logits.reduce(
      (most, logit, index) => Math.max(most, Math.abs(logit - outputs.logits.data[index])),
      0,
    );
    console.log(`${model} [${shape}]: largest difference from torch ${largest.toExponential(2)}`);
    assert.equal(outputs.logits.data.length, logits.length);
    assert.ok(largest < LARGEST_DIFFERENCE);
  }
}

await measureShapes();
await measureGrammarGpt();
if (process.argv[2]) await compareWithTorch(process.argv[2]);
