import assert from 'node:assert/strict';
import { AppError } from '../../../src/errors.ts';
import { createKeyCheck } from '../../../src/http/protocol/keys/key-check.ts';
import { createKeyNames } from '../../../src/http/protocol/keys/key-memory.ts';
import { eventually } from '../../support/eventually.ts';

const PER_MINUTE = 120;

/** A check over a store that knows the key `right` of each tenant `bank…`, and what it was asked. */
function build({ isHeld = false } = {}) {
  const asked: string[] = [];
  const held: (() => void)[] = [];
  const refusals: string[] = [];
  let failure: Error | undefined;
  let rightKey = 'right';
  let now = 0;
  const check = createKeyCheck({
    async findOwner({ tenant, key }) {
      asked.push(`${tenant} ${key}`);
      if (isHeld) await new Promise<void>((resolve) => held.push(resolve));
      if (failure) throw failure;
      return tenant.startsWith('bank') && key === rightKey ? 'owner' : undefined;
    },
    refuse: () => new AppError('unauthorized', 'wrong'),
    wrongPerMinute: PER_MINUTE,
    holdBackMs: 0,
    now: () => now,
  });
  return {
    asked,
    held,
    /** What callers were told, in this order. */
    refusals,
    failWith: (error: Error | undefined) => (failure = error),
    replaceKey: (key: string) => (rightKey = key),
    pass: (ms: number) => (now += ms),
    send: (key: string | undefined, { ip = '10.0.0.1', tenant = 'bank' } = {}) =>
      check({ ip, tenant, key }, new AbortController().signal).then(
        (owner) => `let in ${owner}`,
        (error: unknown) => {
          if (!(error instanceof AppError)) return String(error);
          refusals.push(error.message);
          return error.kind;
        },
      ),
  };
}

type Built = ReturnType<typeof build>;

/** As many wrong keys, each another one, as an address may send in a minute. */
async function useUp({ send }: Built, ip?: string): Promise<void> {
  for (let index = 0; index < PER_MINUTE; index++) {
    assert.equal(await send(`guess-${ip}-${index}`, { ...(ip && { ip }) }), 'unauthorized');
  }
}

describe('the check of keys', () => {
  const answering = new Set<NodeJS.Timeout>();

  afterEach(() => answering.forEach(stopAnswering));

  /** Lets the store answer what it is asked, one after the other, until that is stopped or the test ends. */
  function answer({ held }: Built): NodeJS.Timeout {
    const timer = setInterval(() => held.shift()?.(), 0);
    answering.add(timer);
    return timer;
  }

  function stopAnswering(timer: NodeJS.Timeout): void {
    clearInterval(timer);
    answering.delete(timer);
  }

  it('asks about a right key each time, because it may have been replaced', async () => {
    const { send, asked, replaceKey } = build();
    assert.deepEqual([await send('right'), await send('right')], ['let in owner', 'let in owner']);
    replaceKey('newer');
    assert.equal(await send('right'), 'unauthorized');
    assert.equal(asked.length, 3);
    assert.equal(await send('newer'), 'let in owner');
  });

  it('asks about a wrong key once, and again after a minute', async () => {
    const { send, asked, pass } = build();
    for (let call = 0; call < 5; call++) assert.equal(await send('wrong'), 'unauthorized');
    assert.deepEqual(asked, ['bank wrong']);
    assert.equal(await send('wrong', { tenant: 'shop' }), 'unauthorized');
    assert.equal(asked.length, 2, 'at another tenant it is another key');
    pass(60_000);
    await send('wrong');
    assert.equal(asked.length, 3);
  });

  it('asks about no key where none was sent', async () => {
    const { send, asked } = build();
    assert.deepEqual([await send(undefined), await send('')], ['unauthorized', 'unauthorized']);
    assert.deepEqual(asked, []);
  });

  it('counts the wrong keys of each address, remembered ones too', async () => {
    const built = build();
    for (let call = 0; call < PER_MINUTE; call++) assert.equal(await built.send('wrong'), 'unauthorized');
    assert.equal(await built.send('wrong'), 'too_many');
    assert.equal(await built.send('wrong', { ip: '10.0.0.2' }), 'unauthorized');
  });

  it('asks about two unknown keys at a time, and about known ones besides', async () => {
    const built = build({ isHeld: true });
    const known = built.send('right');
    await eventually(() => assert.equal(built.held.length, 1));
    built.held.shift()?.();
    assert.equal(await known, 'let in owner');
    const guesses = Array.from({ length: 20 }, (_, index) => built.send(`guess-${index}`, { ip: `10.0.1.${index}` }));
    await eventually(() => assert.equal(built.held.length, 2));
    const good = built.send('right');
    await eventually(() => assert.equal(built.held.length, 3));
    built.held.pop()?.();
    assert.equal(await good, 'let in owner');
    answer(built);
    assert.deepEqual([...new Set(await Promise.all(guesses))], ['unauthorized']);
  });

  it('asks about no further key of an address with too many wrong ones while it asks about others', async () => {
    const built = build({ isHeld: true });
    const answers = answer(built);
    await useUp(built);
    stopAnswering(answers);
    const before = built.asked.length;
    const others = [1, 2].map((index) => built.send(`other-${index}`, { ip: '10.0.0.2' }));
    await eventually(() => assert.equal(built.held.length, 2));
    const flood = Array.from({ length: 50 }, (_, index) => built.send(`flood-${index}`));
    assert.deepEqual([...new Set(await Promise.all(flood))], ['too_many']);
    assert.equal(built.asked.length - before, 2);
    for (const end of built.held) end();
    await Promise.all(others);
  });

  it('lets a right key in from an address with too many wrong ones, known or not', async () => {
    const built = build();
    await useUp(built);
    assert.equal(await built.send('guess'), 'too_many');
    assert.equal(await built.send('right'), 'let in owner');
    assert.equal(await built.send('right'), 'let in owner');
  });

  it('lets in any number of calls at once with a right key that it does not know yet', async () => {
    const { send } = build();
    const calls = Array.from({ length: 3 * PER_MINUTE }, () => send('right'));
    assert.deepEqual([...new Set(await Promise.all(calls))], ['let in owner']);
    // None of them counted as wrong.
    for (let call = 0; call < PER_MINUTE; call++) assert.equal(await send('wrong'), 'unauthorized');
  });

  it('lets in any number of right keys at once that it does not know yet, however long it takes to ask', async () => {
    const built = build({ isHeld: true });
    const calls = Array.from({ length: 3 * PER_MINUTE }, (_, index) =>
      built.send('right', { tenant: `bank-${index}` }),
    );
    await eventually(() => assert.equal(built.held.length, 2));
    answer(built);
    assert.deepEqual([...new Set(await Promise.all(calls))], ['let in owner']);
  });

  it('has the unknown keys of one address stand in line behind each other, not before those of others', async () => {
    const built = build({ isHeld: true });
    const guesses = Array.from({ length: 50 }, (_, index) => built.send(`guess-${index}`));
    await eventually(() => assert.equal(built.held.length, 2));
    const other = built.send('right', { ip: '10.0.0.2' });
    answer(built);
    assert.equal(await other, 'let in owner');
    assert.ok(built.asked.length < 10, `${built.asked.length} were asked about before`);
    assert.equal(new Set(await Promise.all(guesses)).size, 1);
  });

  it('lets no more than 1,000 calls of one address stand in line', async () => {
    const built = build({ isHeld: true });
    const calls = Array.from({ length: 1_001 }, (_, index) => built.send(`guess-${index}`));
    assert.equal(await calls.at(-1), 'too_many');
    assert.match(built.refusals[0] ?? '', /at once/);
    const other = built.send('right', { ip: '10.0.0.2' });
    answer(built);
    assert.equal(await other, 'let in owner');
    await Promise.all(calls);
  });

  it('takes no key for wrong, and counts none, when it cannot ask', async () => {
    const built = build();
    built.failWith(new AppError('unavailable', 'the store is away'));
    for (let call = 0; call < 2 * PER_MINUTE; call++) assert.equal(await built.send('right'), 'unavailable');
    built.failWith(undefined);
    assert.equal(await built.send('right'), 'let in owner');
  });

  it('remembers no key, but a hash that only this process can make', () => {
    const [name, other] = [createKeyNames(), createKeyNames()].map((nameOf) => nameOf('bank', 'right'));
    assert.notEqual(name, other);
    assert.doesNotMatch(`${name}`, /right/);
    const nameOf = createKeyNames();
    assert.equal(nameOf('bank', 'right'), nameOf('bank', 'right'));
    assert.notEqual(nameOf('bank', 'right'), nameOf('ban', 'kright'));
  });
});
