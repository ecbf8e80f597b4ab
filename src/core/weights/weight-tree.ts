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
  readonly name: string;
  /** Made when there is something to hold: most modules hold tensors only. */
  modules?: Map<string, Draft>;
  tensors?: number[];
}

const NONE: readonly never[] = [];

/** Names nest no deeper than this; what is deeper stays in one piece. */
const DEEPEST = 40;

const DOT = 46;
const SLASH = 47;

/** Where a tensor lies and what it is called there. Names without dots or slashes lie at the top. */
export function splitName(name: string): { readonly path: readonly string[]; readonly own: string } {
  const path: string[] = [];
  let start = 0;
  for (let at = 0; at < name.length && path.length < DEEPEST; at++) {
    const code = name.charCodeAt(at);
    if (code !== DOT && code !== SLASH) continue;
    if (at > start) path.push(name.slice(start, at));
    start = at + 1;
  }
  const own = name.slice(start);
  if (own !== '') return { path, own };
  // A name that ends with a separator is called after what stands before it.
  const last = path.pop();
  return { path, own: last ?? name };
}

/** @param sizeOf what modules add up: bytes, or elements. */
export function weightTree(names: readonly string[], sizeOf: (tensor: number) => number): WeightModule {
  const root: Draft = { name: '' };
  names.forEach((name, index) => {
    let draft = root;
    for (const part of splitName(name).path) {
      const modules = (draft.modules ??= new Map());
      let inner = modules.get(part);
      if (inner === undefined) {
        inner = { name: part };
        modules.set(part, inner);
      }
      draft = inner;
    }
    (draft.tensors ??= []).push(index);
  });
  return finish(root, '', sizeOf);
}

/** @param around id of the module around it */
function finish(draft: Draft, around: string, sizeOf: (tensor: number) => number): WeightModule {
  let inner = draft;
  let id = around === '' ? draft.name : `${around}/${draft.name}`;
  let label = draft.name;
  // A module that only holds one other module is one with it; the whole model stays apart.
  while (inner.name !== '' && inner.tensors === undefined && inner.modules?.size === 1) {
    for (const only of inner.modules.values()) inner = only;
    id += `/${inner.name}`;
    label += `.${inner.name}`;
  }
  const modules =
    inner.modules === undefined ? NONE : Array.from(inner.modules.values(), (each) => finish(each, id, sizeOf));
  const tensors = inner.tensors ?? NONE;
  let size = 0;
  for (const module of modules) size += module.size;
  for (const tensor of tensors) size += sizeOf(tensor);
  return { id, label, modules, tensors, size };
}
