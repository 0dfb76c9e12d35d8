import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import type { LeadEvent } from '../src/domain/lead-event.ts';
import { claimLeads } from '../src/db/outbox.ts';
import { createLog } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { startRelay, type Relay } from '../src/relay.ts';
import { connectTemporal, registerSearchAttributes } from '../src/temporal/connect.ts';
import { leadWorkflowId } from '../workflows/contract.ts';
import { countLocked, createTestDatabase } from './support/database.ts';
import { eventually } from './support/eventually.ts';
import { reportByFile } from './support/leads/report-by-file.ts';
import { assertFields } from './support/fields.ts';
import { signalsOf } from './support/temporal/lead-history.ts';
import { createNetwork, type Network } from './support/network-in-database.ts';
import { policy } from './support/policy.ts';
import { testTemporal } from './support/servers.ts';
import { connectClient } from './support/temporal/connection.ts';

type OwedRow = { lead_id: string; failures: number; last_error: string };
type LogLine = { msg: string; leadId?: string };
type RelayCall = { leadId: string; seqs: number[]; at: number };

/** Nobody works on the leads here: what was relayed is read from their histories. */
describe('relay', function () {
  this.timeout(120_000);
  let client: Client;
  let network: Network;
  let relays: Relay[];
  let leads: Set<string>;
  let lines: LogLine[];

  before(async () => {
    client = await connectClient((await testTemporal()).address);
    await registerSearchAttributes(client);
    network = await createNetwork(await createTestDatabase());
  });

  after(async () => {
    await network.close();
    await client.connection.close();
  });

  beforeEach(() => {
    relays = [];
    leads = new Set();
    lines = [];
  });

  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    // Workers of other tests must not find them.
    await Promise.allSettled([...leads].map((leadId) => client.workflow.getHandle(leadWorkflowId(leadId)).terminate()));
    await network.db('outbox').delete();
  });

  function newLead(): string {
    const leadId = network.newLead();
    leads.add(leadId);
    return leadId;
  }

  async function touchedLead(): Promise<string> {
    const leadId = newLead();
    await network.touch(leadId, 'ann');
    return leadId;
  }

  /** @param onCall runs before each call to Temporal, and fails it by throwing */
  function run({
    concurrency = 8,
    clickConcurrency = concurrency,
    importConcurrency = concurrency,
    leaseMs = 30_000,
    onCall = () => undefined as void | Promise<void>,
    mayStartAsleep = (): boolean | undefined => true,
    isQueueDeep = () => false,
    connection = client.connection,
    now,
  }: {
    concurrency?: number;
    clickConcurrency?: number;
    importConcurrency?: number;
    leaseMs?: number;
    onCall?: (call: RelayCall) => void | Promise<void>;
    mayStartAsleep?: () => boolean | undefined;
    isQueueDeep?: () => boolean;
    connection?: Client['connection'];
    now?: () => number;
  } = {}) {
    const calls: RelayCall[] = [];
    const note = async (workflowId: string, [{ events }]: [{ events: LeadEvent[] }]) => {
      const leadId = workflowId.slice(leadWorkflowId('').length);
      const call = { leadId, seqs: events.map(({ seq }) => seq), at: Date.now() };
      calls.push(call);
      await onCall(call);
    };
    const interceptor: WorkflowClientInterceptor = {
      async signalWithStart(input, next) {
        await note(input.options.workflowId, input.signalArgs as [{ events: LeadEvent[] }]);
        return await next(input);
      },
      async signal(input, next) {
        await note(input.workflowExecution.workflowId ?? '', input.args as [{ events: LeadEvent[] }]);
        return await next(input);
      },
    };
    const temporal = new Client({ connection, interceptors: { workflow: [interceptor] } });
    const deadlines: number[] = [];
    const withDeadline = temporal.withDeadline.bind(temporal);
    temporal.withDeadline = (deadline, call) => {
      deadlines.push(Number(deadline));
      return withDeadline(deadline, call);
    };
    const relay = startRelay({
      db: network.db,
      client: temporal,
      policy,
      mayStartAsleep,
      isQueueDeep,
      concurrency,
      clickConcurrency,
      importConcurrency,
      leaseMs,
      metrics: createMetrics(),
      log: createLog('info', { write: (line) => void lines.push(JSON.parse(line) as LogLine) }),
      ...(now && { now }),
    });
    relays.push(relay);
    return { relay, calls, deadlines };
  }

  /** What was logged and begins so. A busy machine may have brought other lines. */
  function linesWith(beginning: string): LogLine[] {
    return lines.filter(({ msg }) => msg.startsWith(beginning));
  }

  async function nothingIsOwed(): Promise<void> {
    await eventually(async () => assert.deepEqual(await network.db('outbox').select('lead_id'), []));
  }

  function upTo(last: number): number[] {
    return Array.from({ length: last }, (_, index) => index + 1);
  }

  it('relays statuses before conversions before mere touches', async () => {
    const touched = [await touchedLead(), await touchedLead(), await touchedLead()];
    const converted = [newLead(), newLead()];
    for (const leadId of converted) await network.convert(leadId);
    const decided = newLead();
    await network.report(await network.convert(decided), 'approved');

    const { calls } = run({ concurrency: 1 });
    await nothingIsOwed();
    assert.deepEqual(
      calls.map(({ leadId }) => leadId),
      [decided, ...converted, ...touched],
    );
  });

  it('a status need not wait for calls that are under way for clicks, however many clicks are owed', async () => {
    for (let count = 0; count < 10; count++) await touchedLead();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { calls } = run({ concurrency: 4, onCall: ({ seqs }) => (seqs.includes(2) ? undefined : held) });
    await eventually(() => assert.equal(calls.length, 3));
    const decided = newLead();
    await network.report(await network.convert(decided), 'approved');
    await eventually(async () => assert.deepEqual(await signalsOf(client, decided), [[1, 2]]));
    assert.equal(calls.length, 4);
    release();
    await nothingIsOwed();
  });

  it('beside a status only so many calls for clicks are open at a time, and the next follows when one ends', async () => {
    for (let count = 0; count < 6; count++) await touchedLead();
    await network.report(await network.convert(newLead()), 'approved');
    let open = 0;
    const seen = new Set<number>();
    const onCall = async ({ seqs }: { seqs: number[] }) => {
      if (seqs.includes(2)) return;
      seen.add(++open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
    };
    const { calls } = run({ clickConcurrency: 2, onCall });
    await nothingIsOwed();
    assert.equal(calls.length, 7);
    assert.deepEqual([...seen].sort(), [1, 2]);
  });

  it('of leads with statuses from files only so many are under way until they are settled, and statuses go first', async () => {
    const imported: { leadId: string; conversionId: string }[] = [];
    for (let count = 0; count < 3; count++) {
      const lead = await network.aLead(null);
      leads.add(lead.leadId);
      imported.push(lead);
      await reportByFile(network, lead.conversionId, 'approved');
    }
    const decided = newLead();
    await network.report(await network.convert(decided), 'approved');
    const { calls } = run({ importConcurrency: 2 });
    // A conversion may go out before its status is there; the order of the leads is what counts.
    const called = () => [...new Set(calls.map(({ leadId }) => leadId))];
    await eventually(() => assert.equal(calls.length, 3, 'not yet'));
    assert.deepEqual(called(), [decided, ...imported.slice(0, 2).map(({ leadId }) => leadId)]);

    const late = newLead();
    await network.report(await network.convert(late), 'approved');
    await eventually(() => assert.equal(called()[3], late, 'not yet'));
    const [first, , last] = imported;
    await network.db('settlements').insert({
      conversion_id: first?.conversionId,
      lead_id: first?.leadId,
      seq: 2,
      status: 'approved',
      reward: 'none',
    });
    await nothingIsOwed();
    assert.equal(called()[4], last?.leadId);
  });

  it('without a status clicks have all their places', async () => {
    for (let count = 0; count < 6; count++) await touchedLead();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { calls } = run({ concurrency: 8, clickConcurrency: 2, onCall: () => held });
    await eventually(() => assert.equal(calls.length, 6));
    release();
    await nothingIsOwed();
  });

  it('clicks go out one by one while nobody knows whether leads may sleep, statuses all at once', async () => {
    for (let count = 0; count < 5; count++) await touchedLead();
    let [mayStartAsleep, release] = [undefined as boolean | undefined, () => undefined as void];
    const held = new Promise<void>((resolve) => (release = resolve));
    const { calls } = run({ onCall: () => held, mayStartAsleep: () => mayStartAsleep });
    await eventually(() => assert.equal(calls.length, 1));
    const decided = [newLead(), newLead()];
    for (const leadId of decided) await network.report(await network.convert(leadId), 'approved');
    await eventually(() => assert.equal(calls.length, 3));
    const relayed = calls.slice(1).map(({ leadId }) => leadId);
    assert.deepEqual(relayed.sort(), decided.sort());
    mayStartAsleep = true;
    await eventually(() => assert.equal(calls.length, 7));
    release();
    await nothingIsOwed();
  });

  it('fifty touches go out in one signal, which also starts the lead', async () => {
    const leadId = newLead();
    await Promise.all(Array.from({ length: 50 }, () => network.touch(leadId, 'ann')));
    run();
    await nothingIsOwed();
    assert.deepEqual(await signalsOf(client, leadId), [upTo(50)]);
  });

  it('more than 200 events of one lead go out in several signals, in order', async () => {
    const leadId = newLead();
    await Promise.all(Array.from({ length: 450 }, () => network.touch(leadId, 'ann')));
    run();
    await nothingIsOwed();
    const signals = await signalsOf(client, leadId);
    assert.deepEqual(signals.flat(), upTo(450));
    assert.deepEqual(
      signals.map(({ length }) => length),
      [200, 200, 50],
    );
  });

  it('two relays never call for one lead at the same time, and every event arrives in order', async () => {
    const [inFlight, overlapping] = [new Set<string>(), [] as string[]];
    const onCall = async ({ leadId }: RelayCall) => {
      if (inFlight.has(leadId)) overlapping.push(leadId);
      inFlight.add(leadId);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight.delete(leadId);
    };
    const both = [run({ onCall }), run({ onCall })];
    const busy = Array.from({ length: 10 }, newLead);
    for (let round = 0; round < 30; round++) {
      await Promise.all(busy.map((leadId) => network.touch(leadId, 'ann')));
    }
    await nothingIsOwed();
    assert.deepEqual(overlapping, []);
    for (const leadId of busy) assert.deepEqual((await signalsOf(client, leadId)).flat(), upTo(30));
    for (const { calls } of both) assert.ok(calls.length > 0, 'one of the relays did nothing');
  });

  it('what a dead relay had claimed is relayed by another when the lease has run out, not before', async () => {
    const leadId = await touchedLead();
    await claimLeads(network.db, { limit: 1, leaseMs: 500, leaseId: randomUUID() });
    const lease = await network.db('outbox').where({ lead_id: leadId }).first<{ leased_until: string }>('leased_until');
    const { calls } = run();
    await nothingIsOwed();
    assert.deepEqual(await signalsOf(client, leadId), [[1]]);
    assert.ok((calls[0]?.at ?? 0) >= Date.parse(lease.leased_until));
  });

  it('a call has half of the lease from when it began, however long the claim has taken', async () => {
    await touchedLead();
    const leaseMs = 30_000;
    const { deadlines, seenAt } = await network.db.transaction(async (trx) => {
      await trx.raw('lock table lead_events in access exclusive mode');
      const relay = run({ leaseMs });
      await eventually(async () => assert.equal(await countLocked(network.db), 1));
      const seenAt = Date.now();
      await eventually(() => assert.ok(Date.now() > seenAt, 'not yet'));
      return { ...relay, seenAt };
    });
    await nothingIsOwed();
    assert.ok((deadlines[0] ?? Infinity) <= seenAt + leaseMs / 2, `${(deadlines[0] ?? 0) - seenAt} ms`);
  });

  it('what is committed during a call goes out with the next', async () => {
    const leadId = await touchedLead();
    const { calls } = run({
      onCall: async ({ seqs }) => {
        if (seqs.includes(1)) await network.touch(leadId, 'bob');
      },
    });
    await nothingIsOwed();
    assert.deepEqual(
      calls.map(({ seqs }) => seqs),
      [[1], [2]],
    );
  });

  it('a lead that cannot be relayed stays owed, is retried less and less often, and holds nobody up', async () => {
    const broken = await touchedLead();
    const { calls } = run({
      concurrency: 1,
      onCall: ({ leadId }) => {
        if (leadId === broken) throw new Error('the signal is refused');
      },
    });
    const callsForBroken = () => calls.filter(({ leadId }) => leadId === broken).map(({ at }) => at);
    await eventually(() => assert.ok(callsForBroken().length >= 1, 'not yet'));
    const others = await Promise.all(Array.from({ length: 5 }, touchedLead));
    const relayed = await eventually(() => {
      const leads = calls.map(({ leadId }) => leadId);
      assert.ok(
        others.every((leadId) => leads.includes(leadId)),
        'not yet',
      );
      return leads;
    });
    const untilLastOther = relayed.slice(0, Math.max(...others.map((leadId) => relayed.indexOf(leadId))));
    // After 0, 0.5, 1.5 and 3.5 s; one or two where the machine has nothing else to do.
    const before = untilLastOther.filter((leadId) => leadId === broken).length;
    assert.ok(before <= 4, `the others had to wait for ${before} calls for it`);

    await eventually(() => assert.ok(callsForBroken().length >= 3, 'it is not retried'));
    const [first = 0, second = 0, third = 0] = callsForBroken();
    assert.ok(second - first >= 500, `${second - first}`);
    assert.ok(third - second >= 1000, `${third - second}`);
    const [owed, ...nobody] = await eventually(async () => {
      const rows = await network.db('outbox').select<OwedRow[]>('lead_id', 'failures', 'last_error');
      assert.ok((rows[0]?.failures ?? 0) >= 3, 'not yet');
      return rows;
    });
    assert.equal(nobody.length, 0);
    assertFields(owed, { lead_id: broken, last_error: 'the signal is refused' });
  });

  it('tells of an outage of Temporal once, not of each lead, but of a lead that fails for a reason of its own', async () => {
    const away = connectTemporal({ connectionOptions: { address: '127.0.0.1:1' }, namespace: 'default' });
    const broken = await touchedLead();
    for (let count = 0; count < 5; count++) await touchedLead();
    const onCall = ({ leadId }: RelayCall) => {
      if (leadId === broken) throw new Error('it cannot be written');
    };
    const { relay } = run({ connection: away.connection, leaseMs: 1_000, onCall, now: () => 0 });
    await eventually(async () => {
      const postponed = await network.db('outbox').where('failures', '>=', 2);
      assert.equal(postponed.length, 6);
    });
    await relay.stop();
    await away.connection.close();
    assert.equal(linesWith('Temporal takes nothing').length, 1);
    const own = linesWith('A lead could not be relayed');
    const ofBroken = own.filter(({ leadId }) => leadId === broken);
    assert.ok(ofBroken.length >= 2);
    // The first leads may meet a deadline, which is nobody else's until a third has met it.
    assert.ok(own.length - ofBroken.length <= 2);
  });

  it('tells when the outage is over', async () => {
    await touchedLead();
    let [now, isAway] = [0, true];
    const onCall = () => {
      if (isAway) throw new NamespaceNotFoundError('default');
    };
    run({ onCall, now: () => now });
    await eventually(() => assert.equal(linesWith('Temporal takes nothing').length, 1));
    isAway = false;
    await nothingIsOwed();
    now += 60_000;
    await eventually(() => assert.equal(linesWith('Temporal takes what leads owe again').length, 1));
  });

  it('finishes what is under way when it is stopped, and leaves the rest owed', async () => {
    const claimed = [await touchedLead(), await touchedLead()];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { relay, calls } = run({ onCall: () => held });
    await eventually(() => assert.equal(calls.length, 2));
    const stopped = relay.stop();
    const late = await touchedLead();
    release();
    await stopped;
    const owed = await network.db('outbox').select<OwedRow[]>('lead_id');
    assert.deepEqual(
      owed.map(({ lead_id }) => lead_id),
      [late],
    );
    for (const leadId of claimed) assert.deepEqual(await signalsOf(client, leadId), [[1]]);
  });

  it('a status of a lead that has ended begins a new run', async () => {
    const leadId = newLead();
    const conversionId = await network.convert(leadId);
    run();
    await nothingIsOwed();
    const handle = client.workflow.getHandle(leadWorkflowId(leadId));
    const { runId } = await handle.describe();
    await handle.terminate('the window is over');
    await network.report(conversionId, 'approved');
    await nothingIsOwed();
    assert.notEqual((await handle.describe()).runId, runId);
    assert.deepEqual(await signalsOf(client, leadId), [[2]]);
  });

  describe('of a lead that sleeps', () => {
    /** A lead with a touch by ann and one conversion, told to Temporal. */
    async function sleeper(): Promise<{ leadId: string; conversionId: string }> {
      const leadId = newLead();
      await network.touch(leadId, 'ann');
      const conversionId = await network.convert(leadId);
      run();
      await nothingIsOwed();
      assert.equal(await isAwake(leadId), false);
      return { leadId, conversionId };
    }

    async function isAwake(leadId: string): Promise<boolean> {
      const { events } = await client.workflow.getHandle(leadWorkflowId(leadId)).fetchHistory();
      return events?.some((event) => event.workflowTaskScheduledEventAttributes) ?? false;
    }

    it('a new lead with touches and conversions alone sleeps until its window can be over', async () => {
      const { leadId } = await sleeper();
      const { events } = await client.workflow.getHandle(leadWorkflowId(leadId)).fetchHistory();
      const { firstWorkflowTaskBackoff } = events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
      assert.equal(Number(firstWorkflowTaskBackoff?.seconds) * 1000, policy.windowMs);
    });

    it('a status wakes it', async () => {
      const { leadId, conversionId } = await sleeper();
      await network.report(conversionId, 'approved');
      await nothingIsOwed();
      assert.equal(await isAwake(leadId), true);
      assert.deepEqual((await signalsOf(client, leadId)).flat(), [1, 2, 3]);
    });

    it('a status wakes it also when so many touches came after it that it is not in the signal', async () => {
      const { leadId, conversionId } = await sleeper();
      await Promise.all(relays.splice(0).map((relay) => relay.stop()));
      await network.report(conversionId, 'approved');
      await Promise.all(Array.from({ length: 250 }, () => network.touch(leadId, 'ann')));
      run();
      await nothingIsOwed();
      assert.equal(await isAwake(leadId), true);
    });

    it('the same partner’s touches let it sleep', async () => {
      const { leadId } = await sleeper();
      for (const seq of [3, 4]) {
        await network.touch(leadId, 'ann', `visit-${seq}`);
        await nothingIsOwed();
      }
      assert.equal(await isAwake(leadId), false);
      assert.deepEqual(await signalsOf(client, leadId), [[1, 2], [3], [4]]);
    });

    it('another partner’s touch wakes it, because people see who holds it', async () => {
      const { leadId } = await sleeper();
      await network.touch(leadId, 'bob');
      await nothingIsOwed();
      assert.equal(await isAwake(leadId), true);
    });

    it('a further conversion wakes it, because people look for it by its id', async () => {
      const { leadId } = await sleeper();
      await network.convert(leadId);
      await nothingIsOwed();
      assert.equal(await isAwake(leadId), true);
    });

    it('no click wakes it while Temporal’s queue is deep, but a status does', async () => {
      const { leadId } = await sleeper();
      await Promise.all(relays.splice(0).map((relay) => relay.stop()));
      run({ isQueueDeep: () => true });
      await network.touch(leadId, 'bob');
      const conversionId = await network.convert(leadId);
      await nothingIsOwed();
      assert.equal(await isAwake(leadId), false);
      await network.report(conversionId, 'approved');
      await nothingIsOwed();
      assert.equal(await isAwake(leadId), true);
    });

    it('many touches wake it, so that its signals do not pile up to Temporal’s limit', async () => {
      const { leadId } = await sleeper();
      await Promise.all(Array.from({ length: 99 }, () => network.touch(leadId, 'ann')));
      await nothingIsOwed();
      assert.equal(await isAwake(leadId), true);
    });

    it('a touch of a lead that has ended begins a new run, awake', async () => {
      const { leadId } = await sleeper();
      await client.workflow.getHandle(leadWorkflowId(leadId)).terminate('the window is over');
      await network.touch(leadId, 'ann');
      await nothingIsOwed();
      assert.deepEqual(await signalsOf(client, leadId), [[3]]);
      assert.equal(await isAwake(leadId), true);
    });

    it('no lead sleeps as long as Temporal has not shown that it would wake', async () => {
      const leadId = await touchedLead();
      run({ mayStartAsleep: () => false });
      await nothingIsOwed();
      assert.equal(await isAwake(leadId), true);
    });
  });
});
