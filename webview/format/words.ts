/** Names, shapes and dates as text. */
import type { TensorType } from '../../src/protocol/model.js';

/** [1, 3, "height", 64] → "1 × 3 × height × 64". */
export function formatShape(shape: TensorType['shape']): string {
  if (shape === undefined) return 'any shape';
  if (shape.length === 0) return 'scalar';
  return shape.map((size) => (size === -1 ? 'varies' : String(size))).join(' × ');
}

/** Names of ONNX's own operator set. */
const STANDARD_DOMAINS: readonly string[] = ['', 'ai.onnx'];

/** "Conv"; "com.microsoft.Gelu" for operators of other sets. */
export function operatorName(domain: string, operator: string): string {
  return STANDARD_DOMAINS.includes(domain) ? operator : `${domain}.${operator}`;
}

/** "17"; "com.microsoft 1" for other operator sets. */
export function opsetName(domain: string, version: number): string {
  return STANDARD_DOMAINS.includes(domain) ? String(version) : `${domain} ${version}`;
}

export function formatDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' }).format(date);
}

/** Safe as a file name on every platform. */
export function fileName(text: string, extension: string): string {
  const safe = text.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|-+$/g, '');
  return `${safe.slice(0, 80) || 'model'}.${extension}`;
}

/** Spaces and line breaks as signs, so that a token of nothing else can be seen. */
export function visible(token: string): string {
  return token.replaceAll(' ', '␣').replaceAll('\n', '↵');
}
