import assert from 'node:assert/strict';
import { mock } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../src/errors.ts';
import { createGroupCommit } from '../../src/db/group-commit.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';

const NOT_STORABLE = '22021';
const DUPLICATE_KEY = '23505';
const TOO_LONG_FOR_AN_INDEX = '54000';
const BAD_ROW = [NOT_STORABLE, DUPLICATE_KEY, TOO_LONG_FOR_AN_INDEX] as const;
const LOCK_NOT_AVAILABLE = '55P03';
const BLOCKED = [LOCK_NOT_AVAILABLE, '57014', '40P01'];
const TOO_MANY = 50_000;

/** An error as Postgres reports it. */
function sqlError(code: string): Error {
  return Object.assign(new Error(`refused with ${code}`), { code });
}

/** A store whose writes end only when the test says so. */
function createHeldStore() {
  const writes: { rows: number[]; finish: () => void; fail: (error: Error) => void }[] = [];
  const write = (rows: number[]) =>
    new Promise<void>((finish, fail) => {
      writes.push({ rows, finish, fail });
    });
  return { writes, write };
}

/** What becomes of a promise, as far as it is known by now. */
function watch(promise: Promise<void>): { state: string } {
  const watched: { state: string } = { state: 'waiting' };
  promise.then(
    () => (watched.state = 'committed'),
    (error: unknown) => (watched.state = error instanceof AppError ? error.kind : String(error)),
  );
  return watched;
}

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('group commit', () => {
  afterEach(() => mock.timers.reset());

  it('answers a row only after its batch has committed', async () => {
    const { writes, write } = createHeldStore();
    const intake = createGroupCommit(write);
    const first = watch(intake.commit(1));
    await turnOfTheLoop();
    const second = watch(intake.commit(2));
    await turnOfTheLoop();
    assert.deepEqual(
      writes.map(({ rows }) => rows),
      [[1], [2]],
    );
    assert.deepEqual({ first: first.state, second: second.state }, { first: 'waiting', second: 'waiting' });

    writes[1]?.finish();
    await turnOfTheLoop();
    assert.deepEqual({ first: first.state, second: second.state }, { first: 'waiting', second: 'committed' });
    writes[0]?.finish();
    await turnOfTheLoop();
    assert.equal(first.state, 'committed');
  });

  it('writes what comes in during one turn as one batch, without lingering', async () => {
    const { writes, write } = createHeldStore();
    const intake = createGroupCommit(write);
    for (const row of [1, 2, 3]) void intake.commit(row);
    await turnOfTheLoop();
    assert.deepEqual(
      writes.map(({ rows }) => rows),
      [[1, 2, 3]],
    );
  });

  it('has at most two batches of at most 256 rows in flight, and sends the rest on in order', async () => {
    const { writes, write } = createHeldStore();
    const intake = createGroupCommit(write);
    const committed = Array.from({ length: 600 }, (_, row) => intake.commit(row));
    await turnOfTheLoop();
    assert.deepEqual(
      writes.map(({ rows }) => rows.length),
      [256, 256],
    );
    writes[0]?.finish();
    await turnOfTheLoop();
    assert.equal(writes.length, 3);
    for (const { finish } of writes) finish();
    await Promise.all(committed);
    assert.deepEqual(
      writes.flatMap(({ rows }) => rows),
      Array.from({ length: 600 }, (_, row) => row),
    );
  });

  it('lets few rows wait for company while a batch is being written, and many go beside it', async () => {
    const { writes, write } = createHeldStore();
    const intake = createGroupCommit(write, { rowsBeside: 3, now: () => 0 });
    const rowsWritten = () => writes.map(({ rows }) => rows);
    void intake.commit(1);
    await turnOfTheLoop();
    for (const row of [2, 3]) void intake.commit(row);
    await turnOfTheLoop();
    assert.deepEqual(rowsWritten(), [[1]]);
    void intake.commit(4);
    await turnOfTheLoop();
    assert.deepEqual(rowsWritten(), [[1], [2, 3, 4]]);
    void intake.commit(5);
    writes[0]?.finish();
    await turnOfTheLoop();
    assert.deepEqual(rowsWritten(), [[1], [2, 3, 4]]);
    writes[1]?.finish();
    await turnOfTheLoop();
    assert.deepEqual(rowsWritten(), [[1], [2, 3, 4], [5]]);
  });

  it('lets no row wait longer than 20 ms for company, whatever waited before it', async () => {
    mock.timers.enable({ apis: ['Date', 'setTimeout'] });
    const { writes, write } = createHeldStore();
    const intake = createGroupCommit(write, { rowsBeside: 3, now: () => Date.now() });
    const rowsWritten = () => writes.map(({ rows }) => rows);
    void intake.commit(1);
    await turnOfTheLoop();
    void intake.commit(2);
    await turnOfTheLoop();
    mock.timers.tick(6);
    writes[0]?.finish();
    await turnOfTheLoop();
    assert.deepEqual(rowsWritten(), [[1], [2]]);

    const later = watch(intake.commit(3));
    await turnOfTheLoop();
    // What the second row would have waited for comes first.
    mock.timers.tick(14);
    mock.timers.tick(5);
    assert.deepEqual(rowsWritten(), [[1], [2]]);
    mock.timers.tick(1);
    assert.deepEqual(rowsWritten(), [[1], [2], [3]]);
    writes[2]?.finish();
    await turnOfTheLoop();
    assert.equal(later.state, 'committed');
  });

  it('refuses every bad row alone and keeps all its neighbours, whichever rows are bad', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 300 }), async (isBad) => {
        const stored: number[] = [];
        const intake = createGroupCommit(async (rows: number[]) => {
          if (rows.some((row) => isBad[row])) throw sqlError(BAD_ROW[rows.length % 3] ?? NOT_STORABLE);
          stored.push(...rows);
        });
        const watched = isBad.map((_, row) => intake.commit(row).then(() => 'committed', kindOf));
        assert.deepEqual(
          await Promise.all(watched),
          isBad.map((bad) => (bad ? 'malformed' : 'committed')),
        );
        assert.deepEqual(
          stored.sort((a, b) => a - b),
          [...isBad.keys()].filter((row) => !isBad[row]),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('refuses the whole batch as unavailable for what splitting cannot help, and writes it once', async () => {
    const failures = [sqlError('57P01'), sqlError('ECONNREFUSED'), sqlError('22'), new Error('gone')];
    for (const failure of failures) {
      let writes = 0;
      const intake = createGroupCommit(async () => {
        writes++;
        throw failure;
      });
      const refusals = await Promise.all([1, 2, 3].map((row) => intake.commit(row).catch((error: unknown) => error)));
      for (const refusal of refusals) {
        assert.ok(refusal instanceof AppError);
        assertFields(refusal, { kind: 'unavailable', cause: failure });
      }
      assert.equal(writes, 1);
    }
  });

  for (const code of BLOCKED) {
    it(`commits the neighbours of a row that is blocked (${code}), which alone is unavailable`, async () => {
      const stored: number[] = [];
      const blocked = sqlError(code);
      const intake = createGroupCommit(async (rows: number[]) => {
        if (rows.includes(77)) throw blocked;
        stored.push(...rows);
      });
      const answers = await Promise.all(
        Array.from({ length: 256 }, (_, row) => intake.commit(row).catch((error: unknown) => error)),
      );
      const refusal = answers[77];
      assert.ok(refusal instanceof AppError);
      assertFields(refusal, { kind: 'unavailable', cause: blocked });
      assert.equal(answers.filter((answer) => answer === undefined).length, 255);
      assert.equal(stored.length, 255);
    });
  }

  it('finds the rows with bad values and the blocked ones in the same batch', async () => {
    const intake = createGroupCommit(async (rows: number[]) => {
      if (rows.includes(3)) throw sqlError(LOCK_NOT_AVAILABLE);
      if (rows.includes(5)) throw sqlError(NOT_STORABLE);
    });
    const answers = Array.from({ length: 8 }, (_, row) => intake.commit(row).then(() => 'committed', kindOf));
    assert.deepEqual(
      (await Promise.all(answers))
        .map((answer, row) => `${row} ${answer}`)
        .filter((text) => !text.endsWith('committed')),
      ['3 unavailable', '5 malformed'],
    );
  });

  it('stops looking for blocked rows when everything is blocked, so that nobody waits long', async () => {
    let clock = 0;
    let writes = 0;
    const intake = createGroupCommit(
      async () => {
        writes++;
        clock += 1000;
        throw sqlError(LOCK_NOT_AVAILABLE);
      },
      { now: () => clock },
    );
    const answers = Array.from({ length: 256 }, (_, row) => intake.commit(row).then(() => 'committed', kindOf));
    assert.deepEqual([...new Set(await Promise.all(answers))], ['unavailable']);
    assert.ok(writes < 12, `${writes} writes`);
  });

  it('tries the write of a row that is blocked once more, and then refuses it', async () => {
    let writes = 0;
    const intake = createGroupCommit(async () => {
      if (++writes !== 2) throw sqlError(LOCK_NOT_AVAILABLE);
    });
    await intake.commit(1);
    assert.equal(writes, 2);
    await assert.rejects(intake.commit(2), { kind: 'unavailable' });
    assert.equal(writes, 4);
  });

  it('refuses rows that have waited too long, those being written and those behind them, while the store is silent', async () => {
    const { writes, write } = createHeldStore();
    let clock = 0;
    const intake = createGroupCommit(write, { answerWithinMs: 20, now: () => clock });
    const answers = Array.from({ length: 600 }, (_, row) => intake.commit(row).catch(kindOf));
    await turnOfTheLoop();
    clock += 20;
    assert.deepEqual([...new Set(await Promise.all(answers))], ['unavailable']);
    // Nobody waits for the rest any more, so it is not written when the store comes back.
    for (const { finish } of writes) finish();
    await intake.flush();
    assert.deepEqual(
      writes.map(({ rows }) => rows.length),
      [256, 256],
    );
    const later = watch(intake.commit(600));
    await eventually(() => assert.deepEqual(writes[2]?.rows, [600]));
    writes[2]?.finish();
    await eventually(() => assert.equal(later.state, 'committed'));
  });

  it('refuses each row in its own time', async () => {
    const { write } = createHeldStore();
    const intake = createGroupCommit(write, { answerWithinMs: 20 });
    for (const row of [1, 2, 3]) await assert.rejects(intake.commit(row), { kind: 'unavailable' });
  });

  it('counts the time that a caller has waited before', async () => {
    const { writes, write } = createHeldStore();
    let clock = 0;
    const intake = createGroupCommit(write, { answerWithinMs: 50, now: () => clock });
    const young = watch(intake.commit(1));
    clock = 30;
    const old = watch(intake.commit(2, -30));
    await eventually(() => assert.equal(old.state, 'unavailable'));
    assert.equal(young.state, 'waiting');
    for (const { finish } of writes) finish();
    await eventually(() => assert.equal(young.state, 'committed'));
    assert.ok(!writes.some(({ rows }) => rows.includes(2)));
  });

  it('refuses everything that waits for a store that is away', async () => {
    const { writes, write } = createHeldStore();
    const intake = createGroupCommit(write);
    const answers = Array.from({ length: 600 }, (_, row) => watch(intake.commit(row)));
    await turnOfTheLoop();
    writes[0]?.fail(sqlError('ECONNREFUSED'));
    await turnOfTheLoop();
    const refused = answers.filter(({ state }) => state === 'unavailable');
    assert.equal(refused.length, 600 - 256, 'all but the batch that is still being written');
    writes[1]?.finish();
    await intake.flush();
    assert.equal(writes.length, 2);
  });

  it('keeps the half that was committed when the store goes away while a bad batch is being split', async () => {
    const { writes, write } = createHeldStore();
    const intake = createGroupCommit(write);
    const watched = [1, 2, 3, 4].map((row) => watch(intake.commit(row)));
    await turnOfTheLoop();
    writes[0]?.fail(sqlError(NOT_STORABLE));
    await eventually(() => assert.deepEqual(writes[1]?.rows, [1, 2]));
    writes[1]?.finish();
    await eventually(() => assert.deepEqual(writes[2]?.rows, [3, 4]));
    writes[2]?.fail(new Error('gone'));
    await turnOfTheLoop();
    assert.deepEqual(
      watched.map(({ state }) => state),
      ['committed', 'committed', 'unavailable', 'unavailable'],
    );
  });

  it('goes on after a refused batch', async () => {
    let isAway = true;
    const intake = createGroupCommit(async () => {
      if (isAway) throw new Error('gone');
    });
    await assert.rejects(intake.commit(1));
    isAway = false;
    await intake.commit(2);
  });

  it('flush waits for everything that came in so far, committed or refused', async () => {
    const { writes, write } = createHeldStore();
    const intake = createGroupCommit(write);
    await intake.flush();
    const answers = [1, 2].map((row) => watch(intake.commit(row)));
    const flushed = watch(intake.flush());
    await turnOfTheLoop();
    assert.equal(flushed.state, 'waiting');
    writes[0]?.fail(new Error('gone'));
    await eventually(() => assert.equal(flushed.state, 'committed'));
    assert.deepEqual(
      answers.map(({ state }) => state),
      ['unavailable', 'unavailable'],
    );
  });

  it('refuses at once what would wait too long, and takes rows again when the queue has shrunk', async () => {
    const { writes, write } = createHeldStore();
    const intake = createGroupCommit(write);
    const waiting = Array.from({ length: TOO_MANY }, (_, row) => intake.commit(row));
    await assert.rejects(intake.commit(TOO_MANY), { name: 'AppError', kind: 'unavailable' });
    await turnOfTheLoop();
    waiting.push(intake.commit(TOO_MANY));
    const flushed = intake.flush();
    for (let done = 0; done < writes.length; done++) {
      writes[done]?.finish();
      await turnOfTheLoop();
    }
    await flushed;
    await Promise.all(waiting);
    assert.equal(writes.flatMap(({ rows }) => rows).length, TOO_MANY + 1);
  });
});

function kindOf(error: unknown): string {
  return error instanceof AppError ? error.kind : String(error);
}
