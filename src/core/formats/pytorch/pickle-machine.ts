/** The stack, the marks and the memo of a pickle, and what its instructions do with them. */
import type { PickleCursor } from './pickle-cursor.js';
import { isObject, type PickleObject, type PickleValue } from './pickle-values.js';
import { currentName, isKnownName, rebuild, setState } from './rebuild.js';

/** What several pickles of one file share. */
export interface UnpickleContext {
  /** Objects that may still be made: see {@link objectBudget}. */
  budget: number;
  /** How many objects of each class were skipped, by its name. 0: the name alone stands in the file. */
  readonly skipped: Map<string, number>;
  /** What a persistent id stands for, or undefined where it is none that is known. */
  persistent(id: PickleValue): PickleValue | undefined;
}

/** All throw ProblemError `malformed-model` where the pickle asks for what cannot be. */
export interface PickleMachine {
  push(value: PickleValue): void;
  /** Pushes a value that takes memory of its own. */
  make(value: PickleObject | string | bigint): void;
  pop(): PickleValue;
  top(): PickleValue;
  /** Drops the topmost value or, where there is none, the mark. */
  drop(): void;
  mark(): void;
  popToMark(): PickleValue[];
  /** Keeps the topmost value under a number; the next one if not given. */
  remember(index?: number): void;
  recall(index: number): void;
  append(items: PickleValue[]): void;
  setItems(entries: PickleValue[]): void;
  global(module: PickleValue, name: PickleValue): void;
  /** Makes what the allow-list says of a class or function, or a placeholder. */
  call(callee: PickleValue, args: PickleValue): void;
  makeOpaque(callee: PickleValue | undefined, parts: PickleValue[]): void;
  build(state: PickleValue): void;
  persistent(id: PickleValue): void;
}

const MAXIMUM_STACK = 1_000_000;
const MAXIMUM_MARKS = 10_000;
/** Longer class names than this are none. */
const LONGEST_NAME = 1000;
/** What takes as much memory as an object: so many bytes, places of a list, entries of a dictionary with its keys. */
const BYTES_PER_OBJECT = 64;
const ITEMS_PER_OBJECT = 10;
const ENTRIES_PER_OBJECT = 2;
const TEXTS_PER_OBJECT = 2;
/** What a persistent id of an unknown kind stands for. */
const OUTSIDE = 'data outside of the pickle';

/** Functions that make an object of the class that is their first argument. */
const MAKERS: ReadonlySet<string> = new Set([
  'copyreg._reconstructor',
  'copy_reg._reconstructor',
  'copyreg.__newobj__',
  'copyreg.__newobj_ex__',
]);

/**
 * Objects that a file of this size may have: a checkpoint takes some 12 bytes for each, one made by hand a single one;
 * so what a small file may claim is bounded, and a large one may claim in proportion.
 */
export function objectBudget(fileBytes: number): number {
  return 250_000 + Math.floor(fileBytes / 20);
}

export function pickleMachine(cursor: PickleCursor, context: UnpickleContext): PickleMachine {
  const stack: PickleValue[] = [];
  const marks: number[] = [];
  /** What was kept under 0, 1, 2 and so on, as Python does; and under any other number. */
  const kept: PickleValue[] = [];
  const keptElsewhere = new Map<number, PickleValue>();

  const spend = (objects: number): void => {
    context.budget -= objects;
    if (context.budget < 0) throw cursor.malformed('has more objects in its pickle than its size allows');
  };
  const push = (value: PickleValue): void => {
    if (stack.length >= MAXIMUM_STACK) throw cursor.malformed(`puts more than ${MAXIMUM_STACK} values on a stack`);
    stack.push(value);
  };
  const make = (value: PickleObject | string | bigint): void => {
    spend(typeof value === 'object' ? 1 : 1 / TEXTS_PER_OBJECT);
    push(value);
  };
  const floor = (): number => marks.at(-1) ?? 0;
  const topmost = (value: PickleValue | undefined): PickleValue => {
    if (value === undefined) throw cursor.malformed('takes a value from an empty stack');
    return value;
  };
  const pop = (): PickleValue => topmost(stack.length > floor() ? stack.pop() : undefined);
  const top = (): PickleValue => topmost(stack.length > floor() ? stack.at(-1) : undefined);
  const popToMark = (): PickleValue[] => {
    const mark = marks.pop();
    if (mark === undefined) throw cursor.malformed('goes back to a mark that is not there');
    spend((stack.length - mark) / ITEMS_PER_OBJECT);
    return stack.splice(mark);
  };
  const makeOpaque = (callee: PickleValue | undefined, parts: PickleValue[]): void => {
    const name = nameOf(callee);
    spend(context.skipped.has(name) ? 0 : 1 + name.length / BYTES_PER_OBJECT);
    context.skipped.set(name, (context.skipped.get(name) ?? 0) + 1);
    make({ kind: 'opaque', name, parts });
  };

  return {
    push,
    make,
    pop,
    top,
    popToMark,
    makeOpaque,
    drop() {
      if (stack.length > floor()) stack.pop();
      else popToMark();
    },
    mark() {
      if (marks.length >= MAXIMUM_MARKS) throw cursor.malformed(`nests more than ${MAXIMUM_MARKS} deep`);
      marks.push(stack.length);
    },
    remember(index = kept.length + keptElsewhere.size) {
      if (index <= kept.length) {
        spend(1 / ITEMS_PER_OBJECT);
        kept[index] = top();
        keptElsewhere.delete(index);
      } else {
        spend(1);
        keptElsewhere.set(index, top());
      }
    },
    recall(index) {
      const value = index < kept.length ? kept[index] : keptElsewhere.get(index);
      if (value === undefined) throw cursor.malformed(`refers to value ${index}, which it does not have`);
      push(value);
    },
    append(items) {
      const target = top();
      spend(items.length / ITEMS_PER_OBJECT);
      if (isObject(target) && (target.kind === 'list' || target.kind === 'set')) {
        for (const item of items) target.items.push(item);
      } else if (isObject(target) && target.kind === 'opaque') {
        spend(1);
        target.parts.push({ kind: 'list', items });
      } else {
        throw cursor.malformed('appends to what is no list');
      }
    },
    setItems(entries) {
      const target = top();
      if (entries.length % 2 !== 0) throw cursor.malformed('sets a key without a value');
      spend(entries.length / 2 / ENTRIES_PER_OBJECT);
      if (isObject(target) && target.kind === 'dict') {
        for (const entry of entries) target.entries.push(entry);
      } else if (isObject(target) && target.kind === 'opaque') {
        spend(1);
        target.parts.push({ kind: 'dict', entries });
      } else {
        throw cursor.malformed('sets a key of what is no dictionary');
      }
    },
    global(module, name) {
      if (typeof module !== 'string' || typeof name !== 'string')
        throw cursor.malformed('names a class by what is no text');
      const dotted = currentName(`${module}.${name}`);
      if (dotted.length > LONGEST_NAME) throw cursor.malformed('names a class of impossible length');
      if (!isKnownName(dotted) && !MAKERS.has(dotted) && !context.skipped.has(dotted)) {
        spend(1 + dotted.length / BYTES_PER_OBJECT);
        context.skipped.set(dotted, 0);
      }
      spend(dotted.length / BYTES_PER_OBJECT);
      make({ kind: 'global', name: dotted });
    },
    call(callee, args) {
      if (!isObject(args) || args.kind !== 'tuple') throw cursor.malformed('calls with what are no arguments');
      const name = isObject(callee) && callee.kind === 'global' ? callee.name : undefined;
      if (name !== undefined && MAKERS.has(name)) return makeOpaque(args.items[0] ?? callee, args.items.slice(1));
      const made = name === undefined ? undefined : rebuild(name, args.items);
      if (made === undefined) return makeOpaque(callee, args.items.length === 0 ? [] : [args]);
      spend(1 + copied(made));
      push(made);
    },
    build(state) {
      const target = top();
      if (isObject(target) && target.kind === 'opaque') target.parts.push(state);
      else if (!setState(target, state)) throw cursor.malformed('gives a state to what takes none');
      spend(1);
    },
    persistent(id) {
      const value = context.persistent(id);
      if (value === undefined) return makeOpaque(OUTSIDE, [id]);
      spend(1);
      push(value);
    },
  };
}

/** Objects' worth of memory that was copied to make a value. */
function copied(value: PickleValue): number {
  if (!isObject(value)) return 0;
  if (value.kind === 'dict') return value.entries.length;
  if ('items' in value) return value.items.length;
  return value.kind === 'bytes' && 'data' in value ? value.data.length / BYTES_PER_OBJECT : 0;
}

function nameOf(callee: PickleValue | undefined): string {
  if (!isObject(callee)) return typeof callee === 'string' ? callee.slice(0, LONGEST_NAME) : 'what is no class';
  if (callee.kind === 'global') return callee.name;
  return callee.kind === 'opaque' ? `what “${callee.name.slice(0, LONGEST_NAME)}” makes` : 'what is no class';
}
