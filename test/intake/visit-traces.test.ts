import assert from 'node:assert/strict';
import type { VisitTrace } from '../../src/db/fraud/visit-traces.ts';
import { createVisitTraces, type Visit, type VisitTraceDeps } from '../../src/intake/visit-traces.ts';

const HOUR_MS = 3_600_000;
const NOON = Date.parse('2026-03-01T12:00:00Z');
const visit: Visit = {
  ...{ leadId: 'lead', conversionId: null, partnerId: 'ann', byLink: false },
  ...{ address: '198.51.100.7', userAgent: 'Phone', destination: undefined },
};

describe('traces of visits', () => {
  /** Notes these visits, each at its time, and gives what is written. */
  async function traceAll(
    visits: (Partial<Visit> & { at?: number })[],
    changes: Partial<VisitTraceDeps> = {},
  ): Promise<VisitTrace[]> {
    const written: VisitTrace[] = [];
    let now = NOON;
    const traces = createVisitTraces({
      write: (rows) => Promise.resolve(void written.push(...rows)),
      secret: 'a secret of sixteen',
      log: { debug: () => undefined },
      intervalMs: 60_000,
      now: () => now,
      ...changes,
    });
    for (const { at = NOON, ...given } of visits) {
      now = at;
      traces.note(() => ({ ...visit, ...given }));
    }
    await traces.stop();
    return written;
  }

  const addressesOf = async (visits: Parameters<typeof traceAll>[0], changes?: Partial<VisitTraceDeps>) =>
    (await traceAll(visits, changes)).map(({ addressHash }) => addressHash.toString('hex'));

  it('know an address again on the same day, and on no other', async () => {
    const [first, second, other, nextDay] = await addressesOf([
      {},
      { at: NOON + 11 * HOUR_MS },
      { address: '198.51.100.8' },
      { at: NOON + 13 * HOUR_MS },
    ]);
    assert.equal(first, second);
    assert.equal(new Set([first, other, nextDay]).size, 3);
  });

  it('cannot be made without the secret, and hold neither address nor user agent', async () => {
    const [mine, foreign] = [await addressesOf([{}]), await addressesOf([{}], { secret: 'another secret of sixteen' })];
    assert.notDeepEqual(mine, foreign);
    const [trace] = await traceAll([{ address: '198.51.100.7', userAgent: 'Phone of Anna' }]);
    assert.doesNotMatch(JSON.stringify(trace), /198\.51|Phone|Anna/);
    assert.deepEqual(Object.keys(trace ?? {}).sort(), [
      ...['addressHash', 'agentHash', 'at', 'byLink', 'conversionId', 'embedded', 'leadId', 'partnerId'],
    ]);
  });

  it('take a household of IPv6, and an IPv4 address in whatever spelling, for one', async () => {
    const [a, b, c, other] = await addressesOf([
      { address: '2001:db8:1:2:3:4:5:6' },
      { address: '2001:0DB8:0001:0002::1' },
      { address: '2001:db8:1:2::' },
      { address: '2001:db8:1:3::1' },
    ]);
    assert.ok(a === b && b === c && c !== other);
    const [plain, mapped] = await addressesOf([{ address: '198.51.100.7' }, { address: '::ffff:198.51.100.7' }]);
    assert.equal(plain, mapped);
  });

  it('say where a click was embedded, in known words only', async () => {
    const destinations = ['document', undefined, 'iframe', 'image', 'x'.repeat(1000)];
    const traces = await traceAll(destinations.map((destination) => ({ destination })));
    assert.deepEqual(
      traces.map(({ embedded }) => embedded),
      [null, null, 'iframe', 'image', 'other'],
    );
  });

  it('are a sample while there are many, in which each click has the same chance', async () => {
    const visits = Array.from({ length: 1000 }, (_, index) => ({ leadId: String(index) }));
    let seed = 1;
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const kept = await traceAll(visits, { most: 100, random });
    assert.equal(kept.length, 100);
    const late = kept.filter(({ leadId }) => Number(leadId) >= 500).length;
    assert.ok(late > 30 && late < 70, String(late));
  });

  it('are lost without a word about visitors when they cannot be written', async () => {
    const logged: unknown[] = [];
    await traceAll([{}], {
      write: () => Promise.reject(new Error('could not insert 198.51.100.7')),
      log: { debug: (...given: unknown[]) => void logged.push(given) },
    });
    assert.equal(logged.length, 1);
    assert.doesNotMatch(JSON.stringify(logged), /198/);
  });

  it('look only at clicks that are kept, so that a flood costs next to nothing', async () => {
    let looks = 0;
    const traces = createVisitTraces({
      write: () => Promise.resolve(),
      ...{ secret: 'a secret of sixteen', log: { debug: () => undefined }, intervalMs: 60_000 },
      ...{ most: 10, random: () => 0.9999 },
    });
    for (let count = 0; count < 1000; count++) traces.note(() => (looks++, visit));
    await traces.stop();
    assert.equal(looks, 10);
  });
});
