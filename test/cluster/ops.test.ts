import assert from 'node:assert/strict';
import type { Callers, HttpAnswer } from './callers.ts';
import type { Entry } from './journal.ts';
import { createOps } from './ops.ts';

describe('the ops of a cluster trial', () => {
  const entries: Entry[] = [];
  const journal = { entries, add: (entry: object) => void entries.push({ at: 0, ...entry } as Entry) };
  const answering = (...answers: (HttpAnswer | undefined)[]) => {
    const call = () => Promise.resolve(answers.shift());
    const callers: Callers = { get: call, post: call, put: call, close: () => Promise.resolve() };
    return callers;
  };
  const answer = (status: number): HttpAnswer => ({ status, location: '', cookie: undefined, body: '{"cap":null}' });

  beforeEach(() => void entries.splice(0));

  it('ask again until they are answered', async () => {
    const ops = createOps({ callers: answering(undefined, answer(503), answer(200)), journal, patienceMs: 60_000 });
    assert.deepEqual(await ops.ask({ method: 'get', path: '/offers/o/cap' }), { cap: null });
    assert.deepEqual(entries, []);
  });

  it('give up what nobody answers, and the journal has it', async () => {
    const ops = createOps({ callers: answering(), journal, patienceMs: 0 });
    assert.equal(await ops.ask({ method: 'get', path: '/offers/o/cap' }), undefined);
    assert.deepEqual(entries, [{ at: 0, type: 'odd', what: 'ops had no answer for 0 s by /offers/o/cap' }]);
  });
});
