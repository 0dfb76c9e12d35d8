import assert from 'node:assert/strict';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Settlement } from '../../src/domain/lead.ts';
import { leadEvents } from '../../workflows/contract.ts';
import { conversion, numbered, status, touch } from '../support/events.ts';
import { isoTimeOf, startTimeSkipping } from '../support/time-skipping.ts';
import { createKeepingActivities, startLeadWith } from './lead-without-database.ts';

const MAX_EVENTS = 60;

describe('the history of a lead', function () {
  this.timeout(60_000);
  let env: TestWorkflowEnvironment;

  before(async () => {
    env = await startTimeSkipping();
  });

  after(() => env.teardown());

  it(`of the standard kind takes at most ${MAX_EVENTS} events when each fact arrives on its own`, async () => {
    const settled: Settlement[] = [];
    const { handle, createWorker } = await startLeadWith({
      temporal: env,
      events: numbered([touch('ann', 'a1'), conversion()], { at: await isoTimeOf(env) }),
      activities: createKeepingActivities(settled),
    });
    await (
      await createWorker()
    ).runUntil(async () => {
      for (const after of [2, 3, 4, 5, 6]) {
        await env.sleep('1 hour');
        await handle.signal(leadEvents, {
          events: numbered([touch('ann', `a${after}`)], { at: await isoTimeOf(env), after }),
        });
      }
      await env.sleep('1 day');
      await handle.signal(leadEvents, {
        events: numbered([status('pending')], { at: await isoTimeOf(env), after: 7 }),
      });
      await env.sleep('1 day');
      await handle.signal(leadEvents, {
        events: numbered([status('approved')], { at: await isoTimeOf(env), after: 8 }),
      });
      await handle.result();
    });
    const { events } = await handle.fetchHistory();
    assert.ok((events?.length ?? Infinity) <= MAX_EVENTS, `${events?.length} events`);
    assert.equal(settled.length, 2);
  });
});
