/** Calls over a real message channel, which copies as threads and frames do. */
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CancelledError, problem } from '../../../src/core/errors.js';
import {
  connect,
  serve,
  type Channel,
  type Client,
  type OnProgress,
  type RpcMessage,
} from '../../../src/protocol/rpc.js';
import { threadChannel } from '../../../src/protocol/thread-channel.js';

interface Words {
  shout(word: unknown): Promise<unknown>;
  refuse(word: string): Promise<never>;
  /** Ends only when cancelled. */
  wait(word: string, signal?: AbortSignal): Promise<never>;
  /** Says twice how far it is, a moment apart. */
  count(word: string, signal?: AbortSignal, onProgress?: OnProgress): Promise<string>;
  /** Answers with something that no channel can copy. */
  uncopyable(word: string): Promise<unknown>;
}

let ports: MessageChannel;
let defects: unknown[];
let client: Client<Words>;

beforeEach(() => {
  ports = new MessageChannel();
  defects = [];
  serve<Words>(
    threadChannel(ports.port2),
    {
      shout: async (word) => String(word).toUpperCase(),
      refuse: async () => {
        throw problem('not-applicable', 'Not this word.', { remedy: 'Another one.' });
      },
      wait: (_word, signal) =>
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new CancelledError()))),
      count: async (word, _signal, onProgress) => {
        onProgress?.(0.25);
        onProgress?.(0.3);
        await new Promise((resolve) => setTimeout(resolve, 150));
        onProgress?.(0.75);
        return word;
      },
      uncopyable: async () => () => 'a function',
    },
    (error) => defects.push(error),
  );
  client = connect<Words>(threadChannel(ports.port1));
});
afterEach(() => ports.port1.close());

describe('a call', () => {
  it('ends with the value', async () => {
    expect(await client.api.shout('abc')).toBe('ABC');
    expect(defects).toEqual([]);
  });

  it('says how far it is on the way, but not at every step', async () => {
    const shares: number[] = [];
    expect(await client.api.count('abc', undefined, (share) => shares.push(share))).toBe('abc');
    expect(shares).toEqual([0.25, 0.75]);
  });

  it('ends with the problem, which is no defect', async () => {
    await expect(client.api.refuse('x')).rejects.toMatchObject({
      problem: { kind: 'not-applicable', message: 'Not this word.', remedy: 'Another one.' },
    });
    expect(defects).toEqual([]);
  });

  it('whose answer cannot be copied ends with an error, and the defect is reported', async () => {
    await expect(client.api.uncopyable('x')).rejects.toMatchObject({
      problem: { kind: 'internal', message: expect.stringContaining('could not be cloned') },
    });
    expect(defects).toMatchObject([{ name: 'DataCloneError' }]);
    expect(await client.api.shout('still there')).toBe('STILL THERE');
  });

  it('whose argument cannot be copied is rejected at once, and the next one goes through', async () => {
    await expect(client.api.shout(() => 'a function')).rejects.toMatchObject({ name: 'DataCloneError' });
    expect(await client.api.shout('next')).toBe('NEXT');
  });

  it('that was rejected for its argument is not cancelled afterwards', async () => {
    const sent: RpcMessage[] = [];
    const refusing: Channel = {
      send(message) {
        sent.push(message);
        if (message.type === 'call') throw new Error('refused');
      },
      listen: () => () => undefined,
    };
    const abort = new AbortController();
    await expect(connect<Words>(refusing).api.wait('x', abort.signal)).rejects.toThrow('refused');
    abort.abort();
    expect(sent.map(({ type }) => type)).toEqual(['call']);
  });

  it('ends at once when its signal is aborted', async () => {
    const abort = new AbortController();
    const waiting = client.api.wait('x', abort.signal);
    abort.abort();
    await expect(waiting).rejects.toBeInstanceOf(CancelledError);
  });

  it('under way when the other side goes away ends with the reason', async () => {
    const waiting = client.api.wait('x');
    client.close({ kind: 'internal', message: 'Gone.' });
    await expect(waiting).rejects.toThrow('Gone.');
    await expect(client.api.shout('x')).rejects.toThrow('Gone.');
  });
});

describe('serving', () => {
  it('over a channel that takes nothing any more reports it and goes on', async () => {
    const heard: unknown[] = [];
    let call: (message: RpcMessage) => void = () => undefined;
    const broken: Channel = {
      send: () => {
        throw new Error('closed');
      },
      listen: (handler) => ((call = handler), () => undefined),
    };
    serve<Pick<Words, 'shout'>>(broken, { shout: async (word) => word }, (error) => heard.push(error));
    call({ type: 'call', id: 1, method: 'shout', argument: 'x' });
    await expect.poll(() => heard.length).toBe(2);
    expect(heard).toMatchObject([{ message: 'closed' }, { message: 'closed' }]);
  });
});
