/** saev (OSU-NLP-Group/saev, src/saev/nn/modeling.py; formats 2.8). */
import type { Coder } from '../coder.js';
import type { Facts } from '../facts.js';
import {
  between,
  decideActivation,
  decideSubtracted,
  matrix,
  optionalVector,
  relu,
  topK,
  unread,
  vector,
  type Chosen,
} from './parts.js';

export async function saev(facts: Facts): Promise<Coder | undefined> {
  const chosen = activationOf(facts);
  if (chosen === undefined) return undefined;
  decideActivation(facts, chosen);
  decideSubtracted(facts, undefined, 'saev subtracts nothing.');
  const encoder = matrix(facts, 'W_enc', 1);
  const decoder = matrix(facts, 'W_dec', 0);
  const added = optionalVector(facts, 'b_dec');
  return {
    ...between(facts, encoder, decoder),
    encoderBias: vector(facts, 'b_enc'),
    ...(added === undefined ? {} : { added: { vector: added } }),
    activation: chosen.activation,
  };
}

/** In schema 1 the class of the header is that of the activation, or of the whole; later the activation has its own. */
function activationOf(facts: Facts): Chosen | undefined {
  const own = facts.stated('activation.cls', 'activation.key', 'activation');
  const whole = facts.stated('cls');
  const stated =
    own ?? (whole !== undefined && /^(Relu|TopK|BatchTopK)$/.test(String(whole.value)) ? whole : undefined);
  const name = String(stated?.value ?? 'Relu').toLowerCase();
  if (name === 'relu') return relu(stated?.because ?? 'saev takes ReLU where its header says nothing.');
  // Batch-top-k keeps the k largest of each example too: the batch is of one example.
  if (name === 'topk' || name === 'batchtopk')
    return topK(facts, facts.stated('activation.params.top_k', 'activation.top_k', 'top_k'), { relu: false });
  throw unread('Its activation function', name, 'Relu, TopK and BatchTopK are.');
}
