import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import { createLeadEventActivities } from '../../activities/lead-events.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';

describe('loading what a lead lacks', () => {
  let network: Network;
  let leadId: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    leadId = network.newLead();
    await Promise.all(Array.from({ length: 250 }, (_, index) => network.touch(leadId, 'ann', String(index))));
  });

  after(() => network.close());

  it('goes page by page, in order and without gaps', async () => {
    const { loadLeadEvents } = createLeadEventActivities(network);
    const loaded: number[] = [];
    while (loaded.length < 250) {
      const page = await loadLeadEvents({ leadId, afterSeq: loaded.length });
      assert.ok(page.length <= 200);
      loaded.push(...page.map(({ seq }) => seq));
    }
    assert.deepEqual(
      loaded,
      Array.from({ length: 250 }, (_, index) => index + 1),
    );
  });

  it('waits, visibly, while the next event is missing', async () => {
    const { loadLeadEvents } = createLeadEventActivities(network);
    for (const [missingOf, afterSeq] of [
      [leadId, 250],
      ['never-heard-of', 0],
    ] as const) {
      await assert.rejects(loadLeadEvents({ leadId: missingOf, afterSeq }), (error) => {
        assert.ok(error instanceof ApplicationFailure);
        assert.equal(error.type, 'LeadEventsMissing');
        assert.equal(error.nonRetryable, false);
        assert.ok(error.message.includes(missingOf) && error.message.includes(String(afterSeq + 1)));
        return true;
      });
    }
  });
});
