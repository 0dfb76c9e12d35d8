import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { temporal as proto } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import type { Settlement } from '../../src/domain/lead.ts';
import { testBundle } from '../support/temporal/bundle.ts';
import { conversion, numbered, status, touch, type Fact } from '../support/leads/events.ts';
import { testTemporal } from '../support/servers.ts';
import { connectToTemporal } from '../support/temporal/connection.ts';
import { createKeepingActivities, startLeadWith } from './lead-without-database.ts';

const { WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND } = proto.api.enums.v1.WorkflowTaskFailedCause;

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
  this.timeout(120_000);
  let temporal: Awaited<ReturnType<typeof connectToTemporal>>;

  before(async () => {
    temporal = await connectToTemporal((await testTemporal()).address);
    // Bundled before the short window of the first lead begins.
    await testBundle();
  });

  after(() => temporal.close());

  for (const [what, facts] of Object.entries(BURSTS)) {
    it(`with ${what} is settled whole, and replays`, async () => {
      const settled: Settlement[] = [];
      const keeping = createKeepingActivities(settled);
      const lead = await startLeadWith({
        temporal,
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
