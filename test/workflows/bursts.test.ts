import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Settlement } from '../../src/domain/lead.ts';
import { registerSearchAttributes } from '../../src/temporal/connect.ts';
import { testBundle } from '../support/bundle.ts';
import { conversion, numbered, status, touch, type Fact } from '../support/events.ts';
import { testTemporal } from '../support/servers.ts';
import { createKeepingActivities, startLeadWith } from './lead-without-database.ts';

const { WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND } = temporal.api.enums.v1.WorkflowTaskFailedCause;

const BEGINNING = [touch('ann', 'a1'), conversion('c1'), conversion('c2')];

// What a backlog brings in one signal: a delivery is begun and superseded within one task.
const BURSTS: Record<string, Fact[]> = {
  'a newer status': [status('pending'), status('approved')],
  'a newer status and one of another conversion': [status('pending'), status('approved'), status('pending', 'c2')],
  'two newer statuses': [status('pending'), status('approved'), status('rejected')],
  'a newer status and a touch by another partner': [status('pending'), status('approved'), touch('bob', 'b1')],
  'a newer status and a conversion': [status('pending'), status('approved'), conversion('c3')],
};

describe('a burst of events in one signal', function () {
  this.timeout(60_000);
  let connection: Connection;
  let nativeConnection: NativeConnection;
  let client: Client;

  before(async () => {
    const { address } = await testTemporal();
    connection = await Connection.connect({ address });
    nativeConnection = await NativeConnection.connect({ address });
    client = new Client({ connection });
    await registerSearchAttributes(client);
  });

  after(async () => {
    await nativeConnection.close();
    await connection.close();
  });

  for (const [what, facts] of Object.entries(BURSTS)) {
    it(`with ${what} is settled whole, and replays`, async () => {
      const settled: Settlement[] = [];
      const keeping = createKeepingActivities(settled);
      const lead = await startLeadWith({
        server: { client, nativeConnection },
        windowMs: 2000,
        events: numbered([...BEGINNING, ...facts], { at: new Date().toISOString() }),
        activities: {
          ...keeping,
          async settle(call) {
            await nextTurn();
            return await keeping.settle(call);
          },
        },
      });
      const worker = await lead.createWorker();
      await worker.runUntil(lead.handle.result());
      assert.equal(settled.length, facts.filter(({ type }) => type === 'status').length);
      const history = await lead.handle.fetchHistory();
      const causes = history.events?.flatMap((event) => event.workflowTaskFailedEventAttributes?.cause ?? []);
      // The server has a task done again when an event comes in at its very end, as the timer of the window may.
      assert.deepEqual(
        causes?.filter((cause) => cause !== WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND),
        [],
      );
      await Worker.runReplayHistory({ workflowBundle: await testBundle() }, history);
    });
  }
});
