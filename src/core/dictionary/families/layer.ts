/** Which layer a file of a cross-layer transcoder is of: its name says so. */
import type { Facts } from '../facts.js';

/** @returns undefined where its name does not say: the question is put. */
export function layerOf(facts: Facts, layers: number): number | undefined {
  const name = facts.weights.files[0] ?? '';
  const found = /layer[_-]?(\d{1,4})|[_-](\d{1,4})\.\w+$/i.exec(name);
  const layer = Number(found?.[1] ?? found?.[2] ?? NaN);
  if (layer < layers) {
    facts.decide('Layer', String(layer), 'The name of the file says so.');
    return layer;
  }
  const answer = facts.ask({
    switch: 'layer',
    text: `Which of the ${layers} layers does this file read, counted from 0? Its bias belongs to that layer, and its name does not say which.`,
    choices: Array.from({ length: Math.min(layers, 200) }, (_, i) => ({ value: String(i), text: `Layer ${i}` })),
  });
  if (answer === undefined) return undefined;
  facts.decide('Layer', String(answer.value), answer.because);
  return Number(answer.value);
}
