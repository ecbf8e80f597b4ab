/** Tensors as the tree of modules that their names spell out: "layers.0.attn.q.weight" lies in layers, 0, attn and q. */

export interface WeightModule {
  /** Names of the modules around it and its own, joined by "/"; "" is the whole model. */
  readonly id: string;
  /** Its own name, with the names of modules that hold nothing but it: "model.layers". */
  readonly label: string;
  readonly modules: readonly WeightModule[];
  /** Indices of the tensors directly inside. */
  readonly tensors: readonly number[];
  /** Sum over all tensors inside, at any depth. */
  readonly size: number;
}

interface Draft {
  readonly path: readonly string[];
  readonly modules: Map<string, Draft>;
  readonly tensors: number[];
}

/** Names nest no deeper than this; what is deeper stays in one piece. */
const DEEPEST = 40;

/** Where a tensor lies and what it is called there. Names without dots or slashes lie at the top. */
export function splitName(name: string): { readonly path: readonly string[]; readonly own: string } {
  const parts = name.split(/[./]/).filter((part) => part !== '');
  if (parts.length <= 1) return { path: [], own: name };
  if (parts.length > DEEPEST) return { path: parts.slice(0, DEEPEST), own: parts.slice(DEEPEST).join('.') };
  return { path: parts.slice(0, -1), own: parts.at(-1) ?? name };
}

/** @param sizeOf what modules add up: bytes, or elements. */
export function weightTree(names: readonly string[], sizeOf: (tensor: number) => number): WeightModule {
  const root: Draft = { path: [], modules: new Map(), tensors: [] };
  names.forEach((name, index) => {
    let draft = root;
    for (const part of splitName(name).path) {
      let inner = draft.modules.get(part);
      if (inner === undefined) {
        inner = { path: [...draft.path, part], modules: new Map(), tensors: [] };
        draft.modules.set(part, inner);
      }
      draft = inner;
    }
    draft.tensors.push(index);
  });
  return finish(root, 0, sizeOf);
}

/** @param outer how much of the path the module around it has said already */
function finish(draft: Draft, outer: number, sizeOf: (tensor: number) => number): WeightModule {
  // A module that only holds one other module is one with it.
  let inner = draft;
  while (inner.path.length > 0 && inner.tensors.length === 0 && inner.modules.size === 1) {
    inner = [...inner.modules.values()][0] as Draft;
  }
  const modules = [...inner.modules.values()].map((module) => finish(module, inner.path.length, sizeOf));
  const size =
    modules.reduce((sum, module) => sum + module.size, 0) +
    inner.tensors.reduce((sum, tensor) => sum + sizeOf(tensor), 0);
  return {
    id: inner.path.join('/'),
    label: inner.path.slice(outer).join('.'),
    modules,
    tensors: inner.tensors,
    size,
  };
}
