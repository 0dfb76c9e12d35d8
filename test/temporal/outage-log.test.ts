import assert from 'node:assert/strict';
import { Client, ServiceError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { createLog } from '../../src/log.ts';
import { connectTemporal } from '../../src/temporal/connect.ts';
import { createOutageLog } from '../../src/temporal/outage-log.ts';
import { testTemporal } from '../support/servers.ts';
import { connectClient } from '../support/temporal/connection.ts';

const MINUTE_MS = 60_000;

// Codes of gRPC.
const DEADLINE_EXCEEDED = 4;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

type Line = { level: number; msg: string; leadId?: string; postponed?: number; outageMs?: number; err?: object };

/** A log of outages and a clock, which stands still until it is moved. */
function build() {
  let now = 0;
  const lines: Line[] = [];
  const log = createLog('info', { write: (line) => void lines.push(JSON.parse(line) as Line) });
  const outages = createOutageLog(log, () => now);
  return {
    outages,
    pass: (ms: number) => (now += ms),
    fail: (leadId = 'lead-1', reason = 'no connection', code = UNAVAILABLE) =>
      outages.noteFailure({ leadId, err: callError(code, reason) }),
    /** What was written since it was asked last. */
    told: () => lines.splice(0),
  };
}

/** As the client throws it. */
function callError(code: number, details: string): ServiceError {
  return new ServiceError(details, { cause: Object.assign(new Error(details), { code, details, metadata: {} }) });
}

describe('the log of an outage of Temporal', () => {
  it('tells once that it began, with the reason and a lead for which it was met', () => {
    const { outages, fail, told } = build();
    for (const leadId of ['lead-1', 'lead-2', 'lead-3']) fail(leadId);
    outages.tell();
    const [line, ...more] = told();
    assert.equal(line?.leadId, 'lead-1');
    assert.match(JSON.stringify(line.err), /no connection/);
    assert.deepEqual(more, []);
  });

  it('tells every half a minute how often a lead was postponed since, with the latest reason', () => {
    const { outages, fail, told, pass } = build();
    fail();
    told();
    for (const [reason, leads] of [
      ['refused', 3],
      ['too slow', 5],
    ] as const) {
      pass(29_999);
      for (let lead = 1; lead <= leads; lead++) fail(`lead-${lead}`, reason);
      outages.tell();
      assert.deepEqual(told(), []);
      pass(1);
      outages.tell();
      outages.tell();
      const [line, ...more] = told();
      assert.deepEqual([line?.postponed, line?.leadId], [leads, `lead-${leads}`]);
      assert.match(JSON.stringify(line?.err), new RegExp(reason));
      assert.deepEqual(more, []);
    }
  });

  it('tells that it is over when a lead was relayed and none was postponed for ten seconds', () => {
    const { outages, fail, told, pass } = build();
    fail();
    pass(4_000);
    fail();
    fail();
    pass(1_000);
    outages.noteSuccess();
    pass(8_999);
    outages.tell();
    assert.equal(told().length, 1);
    pass(1);
    outages.tell();
    outages.tell();
    outages.noteSuccess();
    const [line, ...more] = told();
    assert.deepEqual([line?.postponed, line?.outageMs, line?.level], [3, 5_000, 30]);
    assert.deepEqual(more, []);
  });

  it('goes on as long as no lead was relayed after the last that was postponed', () => {
    const { outages, fail, told, pass } = build();
    fail();
    outages.noteSuccess();
    fail();
    told();
    pass(MINUTE_MS);
    outages.tell();
    assert.deepEqual(
      told().map(({ postponed }) => postponed),
      [1],
    );
    outages.noteSuccess();
    outages.tell();
    assert.equal(told().length, 1);
  });

  for (const code of [RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED, INTERNAL]) {
    it(`leaves to itself a lead that fails while others are relayed, with code ${code}`, () => {
      const { outages, fail, told, pass } = build();
      outages.noteSuccess();
      pass(5_000);
      assert.equal(fail('lead-1', 'the workflow is busy', code), false);
      assert.deepEqual(told(), []);
    });

    it(`tells that it began when no lead was relayed for a while, with code ${code}`, () => {
      const { outages, fail, told, pass } = build();
      outages.noteSuccess();
      pass(5_001);
      assert.equal(fail('lead-1', 'too slow', code), true);
      assert.equal(told().length, 1);
    });
  }

  for (const code of [UNAVAILABLE, PERMISSION_DENIED, UNAUTHENTICATED]) {
    it(`tells at once that it began when nobody can be answered, with code ${code}`, () => {
      const { outages, fail, told } = build();
      outages.noteSuccess();
      assert.equal(fail('lead-1', 'the key is not known', code), true);
      assert.equal(told().length, 1);
    });
  }

  it('tells that it is over although one lead goes on failing while others are relayed, and then leaves that to itself', () => {
    const { outages, fail, told, pass } = build();
    fail();
    const failures: boolean[] = [];
    for (let round = 0; round < 4; round++) {
      pass(4_000);
      outages.noteSuccess();
      failures.push(fail('busy', 'the workflow is busy', RESOURCE_EXHAUSTED));
      outages.tell();
    }
    assert.deepEqual(failures, [true, true, true, false]);
    const [, line, ...more] = told();
    assert.deepEqual([line?.postponed, line?.outageMs], [4, 4_000]);
    assert.deepEqual(more, []);
  });

  it('tells of the next one anew, and of none without a failure', () => {
    const { outages, fail, told, pass } = build();
    outages.noteSuccess();
    outages.tell();
    assert.deepEqual(told(), []);
    const anOutage = () => {
      fail();
      outages.noteSuccess();
      pass(10_000);
      outages.tell();
      return told().map(({ msg }) => msg);
    };
    const first = anOutage();
    assert.equal(first.length, 2);
    assert.deepEqual(anOutage(), first);
  });
});

describe('a call to a workflow that fails', function () {
  this.timeout(60_000);
  let client: Client;

  before(async () => {
    client = await connectClient((await testTemporal()).address);
  });

  after(() => client.connection.close());

  /** Whether it counts as an outage; `others` tells whether another lead has just been relayed. */
  async function isOutage(
    {
      temporal = client,
      others = 'wait',
      deadlineMs = 20_000,
    }: Partial<{
      temporal: Client;
      others: 'wait' | 'pass';
      deadlineMs: number;
    }>,
    changes: object = {},
  ): Promise<boolean> {
    const call = { workflowId: 'a-call-that-fails', taskQueue: 'nobody', signal: 'hello', ...changes };
    const err: unknown = await temporal.withDeadline(Date.now() + deadlineMs, () =>
      temporal.workflow.signalWithStart('unknown', call).then(
        () => assert.fail('It did not fail.'),
        (error: unknown) => error,
      ),
    );
    const { outages } = build();
    if (others === 'pass') outages.noteSuccess();
    return outages.noteFailure({ leadId: 'lead-1', err });
  }

  it('does so for a reason of Temporal’s when that is away', async () => {
    const away = connectTemporal({ connectionOptions: { address: '127.0.0.1:1' }, namespace: 'default' });
    assert.equal(await isOutage({ temporal: away, deadlineMs: 500 }), true);
    await away.connection.close();
  });

  it('does so for a reason of Temporal’s when that has lost its namespace or search attributes', async () => {
    const { connection } = client;
    assert.equal(await isOutage({ temporal: new Client({ connection, namespace: 'nowhere' }), others: 'pass' }), true);
    const key = defineSearchAttributeKey('NobodyHasRegisteredIt', SearchAttributeType.KEYWORD);
    assert.equal(await isOutage({ others: 'pass' }, { typedSearchAttributes: [{ key, value: 'x' }] }), true);
  });

  it('does so for a reason of its own when Temporal refuses what it says, or it cannot be sent', async () => {
    assert.equal(await isOutage({}, { workflowId: 'x'.repeat(2_000) }), false);
    assert.equal(await isOutage({}, { signalArgs: [1n] }), false);
  });

  it('does so for a reason of its own when it is too large and others are not', async () => {
    const changes = { signalArgs: ['x'.repeat(5 * 1024 * 1024)] };
    assert.equal(await isOutage({ others: 'pass', deadlineMs: 500 }, changes), false);
  });
});
