import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readDecidingTouches, readLeadEvents } from '../../src/db/lead-events.ts';
import { linkPartners } from '../../src/domain/attribution.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';

describe('the touches that decide who holds a lead', () => {
  let network: Network;
  let partners: string[];
  before(async () => {
    network = await createNetwork(await createTestDatabase());
    partners = await Promise.all([network.partner(), network.partner()]);
  });
  after(() => network.close());

  it('tell of any moments what all touches before them tell', async () => {
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.nat(1), fc.constantFrom(undefined, undefined, 'r1', 'x'.repeat(40))) },
      { weight: 1, arbitrary: fc.constant('conversion' as const) },
    );
    const moments = fc.uniqueArray(fc.integer({ min: 1, max: 16 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 15 }), moments, async (made, seqs) => {
        const leadId = network.newLead();
        for (const each of made) {
          if (each === 'conversion') await network.convert(leadId);
          else await network.touch(leadId, partners[each[0]] ?? '', each[1]);
        }
        const events = await readLeadEvents(network.db, { leadId, afterSeq: 0, limit: 100 });
        const deciding = await readDecidingTouches(network.db, { leadId, seqs });
        for (const seq of seqs) {
          const before = events.filter((each) => each.type === 'touch' && each.seq < seq);
          assert.deepEqual(linkPartners(deciding.get(seq) ?? []), linkPartners(before as never), `before ${seq}`);
        }
      }),
      { numRuns: 60 },
    );
  });
});
