/**
 * Reads a pickle, protocols 0 to 5, without executing anything (instructions: CPython, Lib/pickletools.py). Plain data
 * are made; classes and functions stay names, except those of the allow-list, which are described (rebuild.ts).
 * Everything else becomes a placeholder with the data that it would have been made of: tensors may be among them.
 */
import type { ByteSource } from '../../bytes/byte-source.js';
import { breather } from '../../breathe.js';
import { latin1 } from '../latin1.js';
import { OPCODES } from './opcodes.js';
import { pickleCursor, type PickleCursor } from './pickle-cursor.js';
import { pickleMachine, type UnpickleContext } from './pickle-machine.js';
import { decimal, floatOf, memoIndex, signedInteger, unescaped, unquoted } from './pickle-numbers.js';
import type { LongText, PickleObject, PickleValue } from './pickle-values.js';

export interface Unpickled {
  readonly value: PickleValue;
  /** Offset behind the pickle. */
  readonly end: number;
}

/** Texts up to this size are held; of longer ones, how they begin. */
const LONGEST_TEXT_BYTES = 64 * 1024;
const TEXT_BEGINNING_BYTES = 4096;
/** Bytes up to this size are held. */
const LONGEST_BYTES = 256;
const LONGEST_INTEGER_BYTES = 1024;
/** An instruction and the longest argument of fixed length. */
const LONGEST_INSTRUCTION_BYTES = 9;
const INSTRUCTIONS_PER_PAUSE = 256;

/** @throws ProblemError `truncated-file` or `malformed-model`, with the byte. */
export async function unpickle(
  source: ByteSource,
  start: number,
  context: UnpickleContext,
  signal?: AbortSignal,
): Promise<Unpickled> {
  const cursor = pickleCursor(source, start);
  const machine = pickleMachine(cursor, context);
  const { push, make, pop, top, popToMark, makeOpaque } = machine;
  const pause = breather(signal);
  for (let count = 1; ; count++) {
    // Waiting for nothing at every instruction would take longer than the instructions do.
    if (count % INSTRUCTIONS_PER_PAUSE === 0) await pause();
    const loading = cursor.ready(LONGEST_INSTRUCTION_BYTES);
    if (loading !== undefined) await loading;
    const at = cursor.position;
    const opcode = cursor.unsigned(1);
    switch (OPCODES[opcode]) {
      case 'STOP':
        return { value: pop(), end: cursor.position };
      case 'PROTO':
        if (cursor.unsigned(1) > 5) throw cursor.malformed('is a pickle of a protocol beyond 5', at);
        break;
      case 'FRAME':
        cursor.unsigned(8);
        break;
      case 'MARK':
        machine.mark();
        break;
      case 'POP':
        machine.drop();
        break;
      case 'POP_MARK':
        popToMark();
        break;
      case 'DUP':
        push(top());
        break;
      case 'NONE':
        push(null);
        break;
      case 'NEWTRUE':
        push(true);
        break;
      case 'NEWFALSE':
        push(false);
        break;
      case 'INT': {
        const line = await cursor.line();
        // Python 2 wrote its truth values so.
        push(line === '00' || line === '01' ? line === '01' : decimal(cursor, line));
        break;
      }
      case 'LONG':
        push(decimal(cursor, (await cursor.line()).replace(/L$/, '')));
        break;
      case 'FLOAT':
        push(floatOf(cursor, await cursor.line()));
        break;
      case 'BININT':
        push(cursor.unsigned(4) | 0);
        break;
      case 'BININT1':
        push(cursor.unsigned(1));
        break;
      case 'BININT2':
        push(cursor.unsigned(2));
        break;
      case 'LONG1':
        push(await integer(cursor, cursor.unsigned(1)));
        break;
      case 'LONG4':
        push(await integer(cursor, cursor.unsigned(4)));
        break;
      case 'BINFLOAT': {
        const { buffer, byteOffset } = cursor.take(8);
        push(new DataView(buffer, byteOffset, 8).getFloat64(0, false));
        break;
      }
      case 'STRING':
        make(unquoted(cursor, await cursor.line()));
        break;
      case 'UNICODE':
        make(unescaped(await cursor.line()));
        break;
      case 'SHORT_BINSTRING':
        make(await byteString(cursor, cursor.unsigned(1)));
        break;
      case 'BINSTRING':
        make(await byteString(cursor, cursor.unsigned(4)));
        break;
      case 'SHORT_BINUNICODE':
        make(await text(cursor, cursor.unsigned(1)));
        break;
      case 'BINUNICODE':
        make(await text(cursor, cursor.unsigned(4)));
        break;
      case 'BINUNICODE8':
        make(await text(cursor, cursor.unsigned(8)));
        break;
      case 'SHORT_BINBYTES':
        make(await bytes(cursor, cursor.unsigned(1)));
        break;
      case 'BINBYTES':
        make(await bytes(cursor, cursor.unsigned(4)));
        break;
      case 'BINBYTES8':
      case 'BYTEARRAY8':
        make(await bytes(cursor, cursor.unsigned(8)));
        break;
      case 'EMPTY_LIST':
        make({ kind: 'list', items: [] });
        break;
      case 'EMPTY_TUPLE':
        make({ kind: 'tuple', items: [] });
        break;
      case 'EMPTY_DICT':
        make({ kind: 'dict', entries: [] });
        break;
      case 'EMPTY_SET':
        make({ kind: 'set', items: [] });
        break;
      case 'LIST':
        make({ kind: 'list', items: popToMark() });
        break;
      case 'TUPLE':
        make({ kind: 'tuple', items: popToMark() });
        break;
      case 'FROZENSET':
        make({ kind: 'set', items: popToMark() });
        break;
      case 'TUPLE1':
        make({ kind: 'tuple', items: [pop()] });
        break;
      case 'TUPLE2': {
        const second = pop();
        make({ kind: 'tuple', items: [pop(), second] });
        break;
      }
      case 'TUPLE3': {
        const third = pop();
        const second = pop();
        make({ kind: 'tuple', items: [pop(), second, third] });
        break;
      }
      case 'DICT': {
        const entries = popToMark();
        make({ kind: 'dict', entries: [] });
        machine.setItems(entries);
        break;
      }
      case 'APPEND':
        machine.append([pop()]);
        break;
      case 'APPENDS':
      case 'ADDITEMS':
        machine.append(popToMark());
        break;
      case 'SETITEM': {
        const value = pop();
        machine.setItems([pop(), value]);
        break;
      }
      case 'SETITEMS':
        machine.setItems(popToMark());
        break;
      case 'PUT':
        machine.remember(memoIndex(cursor, await cursor.line()));
        break;
      case 'BINPUT':
        machine.remember(cursor.unsigned(1));
        break;
      case 'LONG_BINPUT':
        machine.remember(cursor.unsigned(4));
        break;
      case 'MEMOIZE':
        machine.remember();
        break;
      case 'GET':
        machine.recall(memoIndex(cursor, await cursor.line()));
        break;
      case 'BINGET':
        machine.recall(cursor.unsigned(1));
        break;
      case 'LONG_BINGET':
        machine.recall(cursor.unsigned(4));
        break;
      case 'GLOBAL':
        machine.global(await cursor.line(), await cursor.line());
        break;
      case 'STACK_GLOBAL': {
        const name = pop();
        machine.global(pop(), name);
        break;
      }
      case 'PERSID':
        machine.persistent(await cursor.line());
        break;
      case 'BINPERSID':
        machine.persistent(pop());
        break;
      case 'REDUCE':
      case 'NEWOBJ': {
        const args = pop();
        machine.call(pop(), args);
        break;
      }
      case 'NEWOBJ_EX': {
        const named = pop();
        const args = pop();
        makeOpaque(pop(), [args, named]);
        break;
      }
      case 'INST': {
        const module = await cursor.line();
        machine.global(module, await cursor.line());
        makeOpaque(pop(), popToMark());
        break;
      }
      case 'OBJ': {
        const parts = popToMark();
        makeOpaque(parts[0], parts.slice(1));
        break;
      }
      case 'BUILD':
        machine.build(pop());
        break;
      case 'EXT1':
        makeOpaque(`extension ${cursor.unsigned(1)} of copyreg`, []);
        break;
      case 'EXT2':
        makeOpaque(`extension ${cursor.unsigned(2)} of copyreg`, []);
        break;
      case 'EXT4':
        makeOpaque(`extension ${cursor.unsigned(4)} of copyreg`, []);
        break;
      case 'NEXT_BUFFER':
        makeOpaque('a buffer outside of the file', []);
        break;
      case 'READONLY_BUFFER':
        top();
        break;
      case undefined:
        throw cursor.malformed(`is no pickle: it has the byte ${opcode} where an instruction should be`, at);
    }
  }
}

async function integer(cursor: PickleCursor, length: number): Promise<number | bigint> {
  if (length > LONGEST_INTEGER_BYTES) throw cursor.malformed(`holds a number of ${length} bytes`);
  await cursor.ready(length);
  return signedInteger(cursor.take(length));
}

async function text(cursor: PickleCursor, length: number): Promise<string | LongText> {
  if (length > LONGEST_TEXT_BYTES) return longText(cursor, length, false);
  await cursor.ready(length);
  return UTF8.decode(cursor.take(length));
}

/** A string of Python 2: a text where it is one in ASCII, otherwise bytes. */
async function byteString(cursor: PickleCursor, length: number): Promise<string | PickleObject> {
  if (length > LONGEST_TEXT_BYTES) return longText(cursor, length, true);
  await cursor.ready(length);
  const data = cursor.take(length);
  return data.every((byte) => byte < 0x80) ? latin1(data) : { kind: 'bytes', data: data.slice() };
}

async function bytes(cursor: PickleCursor, length: number): Promise<PickleObject> {
  if (length > LONGEST_BYTES) return { kind: 'bytes', start: cursor.skip(length), length, isText: false };
  await cursor.ready(length);
  return { kind: 'bytes', data: cursor.take(length).slice() };
}

async function longText(cursor: PickleCursor, length: number, isRaw: boolean): Promise<LongText> {
  await cursor.ready(TEXT_BEGINNING_BYTES);
  const start = cursor.position;
  const beginning = UTF8.decode(cursor.take(TEXT_BEGINNING_BYTES));
  cursor.skip(length - TEXT_BEGINNING_BYTES);
  return { kind: 'long-text', beginning, start, bytes: length, isRaw };
}

const UTF8 = new TextDecoder();
