import assert from 'node:assert/strict';
import { createLog } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { startSweep } from '../src/sweep.ts';
import { createTestDatabase } from './support/database.ts';
import { makeEventfulLead } from './support/leads/eventful-lead.ts';
import { eventually } from './support/eventually.ts';
import { createNetwork } from './support/network-in-database.ts';

describe('a sweep', () => {
  it('closes the attempt of a worker that died, at the time when it could last have run', async () => {
    const network = await createNetwork(await createTestDatabase());
    const { db } = network;
    const { leadId } = await makeEventfulLead(network);
    const startedAt = '2026-01-01T00:00:00.000Z';
    const dead = { postback_id: `d${leadId.slice(-15)}`, attempt: 3 };
    await db('postback_attempts').insert({ ...dead, started_at: startedAt, method: 'GET', url: 'https://t.example/' });
    const sweep = startSweep({
      db,
      grace: { postbackMs: 60_000, settlementMs: 60_000, importRowMs: 50 },
      intervalMs: 20,
      metrics: createMetrics(),
      log: createLog('silent'),
    });
    try {
      await eventually(async () => {
        const attempt: unknown = await db('postback_attempts').where(dead).first('outcome', 'ended_at');
        assert.deepEqual(attempt, { outcome: 'interrupted', ended_at: '2026-01-01T00:00:15.000Z' });
      });
    } finally {
      await sweep.stop();
      await network.close();
    }
  });
});
