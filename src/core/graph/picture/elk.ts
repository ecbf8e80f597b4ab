/**
 * The one place that knows elkjs. Its bundle carries the layout code and a stand-in for a web worker, so it runs in
 * the calling thread: in Node's main thread, in worker_threads and in browsers alike.
 */
import ElkConstructor, { type ELK, type ElkNode } from 'elkjs/lib/elk.bundled.js';

export type { ElkExtendedEdge, ElkNode, ElkPort } from 'elkjs/lib/elk.bundled.js';

let elk: ELK | undefined;

/** Lays out a graph; nothing can interrupt it once it runs. */
export async function layoutWithElk(root: ElkNode): Promise<ElkNode> {
  // Made on first use: it costs tens of milliseconds that opening a model does not need to wait for.
  elk ??= new ElkConstructor();
  return elk.layout(root);
}
