import assert from 'node:assert/strict';
import { Client, ServiceError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { createLog } from '../../src/log.ts';
import { connectTemporal } from '../../src/temporal/connect.ts';
import { createOutageLog } from '../../src/temporal/outage-log.ts';
import { testTemporal } from '../support/servers.ts';
import { connectClient } from '../support/temporal/connection.ts';

const MINUTE_MS = 60_000;
// By then whoever was postponed has been tried again.
const RETRIED_IN_MS = 20_000;

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
  const outages = createOutageLog(log, RETRIED_IN_MS, () => now);
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

  it('tells that it is over when a lead was relayed, and none postponed for as long as a retry may take', () => {
    const { outages, fail, told, pass } = build();
    fail();
    pass(4_000);
    fail();
    fail();
    pass(1_000);
    outages.noteSuccess();
    pass(18_999);
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
    it(`leaves to itself a lead that alone fails again and again, with code ${code}`, () => {
      const { fail, told, pass } = build();
      for (let retry = 0; retry < 5; retry++) {
        assert.equal(fail('lead-1', 'the workflow is busy', code), false);
        pass(4_000);
      }
      assert.deepEqual(told(), []);
    });

    it(`tells that it began when three leads have failed, also while others are relayed, with code ${code}`, () => {
      const { outages, fail, told, pass } = build();
      assert.equal(fail('lead-1', 'too slow', code), false);
      assert.equal(fail('lead-2', 'too slow', code), false);
      outages.noteSuccess();
      pass(RETRIED_IN_MS);
      assert.equal(fail('lead-2', 'too slow', code), false);
      assert.equal(fail('lead-3', 'too slow', code), true);
      assert.equal(fail('lead-4', 'too slow', code), true);
      assert.deepEqual(
        told().map(({ leadId }) => leadId),
        ['lead-3'],
      );
    });

    it(`leaves to themselves leads of which a third fails only later, with code ${code}`, () => {
      const { fail, told, pass } = build();
      fail('lead-1', 'too slow', code);
      pass(1);
      fail('lead-2', 'too slow', code);
      pass(RETRIED_IN_MS);
      assert.equal(fail('lead-3', 'too slow', code), false);
      assert.deepEqual(told(), []);
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
      pass(8_000);
      outages.noteSuccess();
      failures.push(fail('busy', 'the workflow is busy', RESOURCE_EXHAUSTED));
      outages.tell();
    }
    assert.deepEqual(failures, [true, true, true, false]);
    const [, line, ...more] = told();
    assert.deepEqual([line?.postponed, line?.outageMs], [4, 8_000]);
    assert.deepEqual(more, []);
  });

  it('goes on while several leads fail, although others are relayed', () => {
    const { outages, fail, told, pass } = build();
    fail();
    told();
    for (let round = 0; round < 4; round++) {
      pass(19_000);
      for (const leadId of ['lead-2', 'lead-3', 'lead-4']) {
        outages.noteSuccess();
        fail(leadId, 'too slow', DEADLINE_EXCEEDED);
      }
      outages.noteSuccess();
      outages.tell();
    }
    assert.deepEqual(
      told().map(({ postponed, leadId, outageMs }) => [postponed, leadId, outageMs]),
      [
        [6, 'lead-4', undefined],
        [6, 'lead-4', undefined],
      ],
    );
  });

  it('does not go on for one lead that fails after several', () => {
    const { outages, fail, told, pass } = build();
    for (const leadId of ['lead-1', 'lead-2', 'lead-3']) fail(leadId, 'too slow', DEADLINE_EXCEEDED);
    told();
    for (let retry = 0; retry < 4; retry++) {
      pass(5_000);
      outages.noteSuccess();
      fail('busy', 'the workflow is busy', RESOURCE_EXHAUSTED);
    }
    outages.tell();
    assert.deepEqual(
      told().map(({ outageMs }) => outageMs),
      [5_000],
    );
  });

  it('tells of the next one anew, and of none without a failure', () => {
    const { outages, fail, told, pass } = build();
    outages.noteSuccess();
    outages.tell();
    assert.deepEqual(told(), []);
    const anOutage = () => {
      fail();
      outages.noteSuccess();
      pass(RETRIED_IN_MS);
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

  /** What the client throws. */
  async function errorOf(temporal: Client, changes: object = {}): Promise<unknown> {
    const call = { workflowId: 'a-call-that-fails', taskQueue: 'nobody', signal: 'hello', ...changes };
    return await temporal.workflow.signalWithStart('unknown', call).then(
      () => assert.fail('It did not fail.'),
      (error: unknown) => error,
    );
  }

  /** Whether it counts as an outage for the first, the second and the third lead that meets it. */
  function isOutage(err: unknown): boolean[] {
    const { outages } = build();
    return ['lead-1', 'lead-2', 'lead-3'].map((leadId) => outages.noteFailure({ leadId, err }));
  }

  function codeOf(error: unknown): unknown {
    return error instanceof ServiceError ? (error.cause as Error & { code?: unknown }).code : error;
  }

  /** Fails with Temporal's first answer; the usual client asks again until its deadline, and knows no more than that then. */
  function connectOnce(address: string): Client {
    return connectTemporal({ connectionOptions: { address, interceptors: [] }, namespace: 'default' });
  }

  it('does so for a reason of Temporal’s when that is away', async () => {
    const away = connectOnce('127.0.0.1:1');
    const error = await errorOf(away);
    await away.connection.close();
    assert.equal(codeOf(error), UNAVAILABLE);
    assert.deepEqual(isOutage(error), [true, true, true]);
  });

  it('does so for a reason of Temporal’s when that has lost its namespace or search attributes', async () => {
    const { connection } = client;
    assert.deepEqual(isOutage(await errorOf(new Client({ connection, namespace: 'nowhere' }))), [true, true, true]);
    const key = defineSearchAttributeKey('NobodyHasRegisteredIt', SearchAttributeType.KEYWORD);
    const error = await errorOf(client, { typedSearchAttributes: [{ key, value: 'x' }] });
    assert.deepEqual(isOutage(error), [true, true, true]);
  });

  it('does so for a reason of its own when Temporal refuses what it says, or it cannot be sent', async () => {
    assert.deepEqual(isOutage(await errorOf(client, { workflowId: 'x'.repeat(2_000) })), [false, false, false]);
    assert.deepEqual(isOutage(await errorOf(client, { signalArgs: [1n] })), [false, false, false]);
  });

  it('does so for a reason of its own when it is too large and others are not', async () => {
    const once = connectOnce((await testTemporal()).address);
    const error = await errorOf(once, { signalArgs: ['x'.repeat(5 * 1024 * 1024)] });
    await once.connection.close();
    assert.equal(codeOf(error), RESOURCE_EXHAUSTED);
    assert.deepEqual(isOutage(error), [false, false, true]);
  });
});
