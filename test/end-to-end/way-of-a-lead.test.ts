import assert from 'node:assert/strict';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { inParallel } from '../support/in-parallel.ts';
import { createHttpNetwork, type HttpNetwork } from '../support/network-over-http.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivateTemporal } from '../support/servers.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';

const LEADS = 200;
const AT_ONCE = 16;
// Errors have a higher level.
const WARN = 40;

type LogLine = { level: number; msg: string; sdkComponent?: string; err?: { stack: string } };

describe('the way of a lead through two programs that share the work', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let programs: RunningProgram[] = [];
  let network: HttpNetwork;
  let other: HttpNetwork;
  let tracker: PartnerServer;

  before(async () => {
    const temporal = await startPrivateTemporal();
    database = await createTestDatabase();
    const options = {
      databaseUrl: database.url,
      temporalAddress: temporal.address,
      env: { POSTBACK_INTERVAL_SECONDS: '1', POSTBACK_TIMEOUT_SECONDS: '5' },
    };
    const [first, second] = await Promise.all([startProcess(options), startProcess(options)]);
    programs = [first, second];
    network = await createHttpNetwork(first);
    other = network.through(second);
  });

  after(async () => {
    await Promise.all(programs.map((program) => program.stop()));
    await database.db.destroy();
  });

  beforeEach(async () => {
    tracker = await startPartnerServer();
  });

  afterEach(async () => {
    await tracker.stop();
  });

  it('a GET carries the values in its URL, in the words of the partner', async () => {
    const { conversionId, postback, sent } = await approve({ url: tracker.url, status_words: { approved: 'sale' } });
    assertFields(sent, { method: 'GET', path: '/in' });
    const { postback_id: pid } = postback;
    const values = { ref: 'r 1&x', status: 'sale', cid: conversionId, pid, payout: '12.50', reason: '' };
    assert.deepEqual(sent.query, values);
  });

  it('a POST carries them as a form', async () => {
    const url = new URL('/form?source=cashcat', tracker.url).href;
    const { sent, expected } = await approve({ url, method: 'POST', body: 'form' });
    assertFields(sent, { method: 'POST', path: '/form', query: { source: 'cashcat' } });
    assert.deepEqual(Object.fromEntries(new URLSearchParams(sent.body)), expected);
  });

  it('a POST carries them as JSON', async () => {
    const url = new URL('/json', tracker.url).href;
    const { sent, expected } = await approve({ url, method: 'POST', body: 'json', status_words: { approved: '1' } });
    assertFields(sent, { method: 'POST', path: '/json' });
    assert.deepEqual(JSON.parse(sent.body), { ...expected, status: '1' });
  });

  it('R10: 302, 204 and silence are failures; after three attempts the postback has failed', async () => {
    tracker.answer(302, 204, 'nothing');
    const partnerId = await network.partner({ url: tracker.url });
    const conversionId = await network.click(partnerId, 'r1');
    await network.report(conversionId, 'approved');

    const { postback } = await endedPostback(conversionId);
    assert.equal(postback.state, 'failed');
    assert.deepEqual(
      postback.attempts.map(({ outcome, error, response }) => ({ outcome, error, http_status: response?.http_status })),
      [
        { outcome: 'refused', error: null, http_status: 302 },
        { outcome: 'refused', error: null, http_status: 204 },
        { outcome: 'refused', error: 'timeout', http_status: undefined },
      ],
    );
    assert.deepEqual(
      tracker.received.map(({ path }) => path),
      ['/in', '/in', '/in'],
    );
  });

  it('every one of many leads is settled and told exactly once, whichever program does the work', async () => {
    const partnerId = await network.partner({ url: tracker.url });
    const conversionIds = await inParallel([...Array(LEADS).keys()], AT_ONCE, async (index) => {
      const [here, there] = index % 2 === 0 ? [network, other] : [other, network];
      const conversionId = await here.click(partnerId, `r${index}`);
      assert.equal((await here.report(conversionId, 'pending')).status, 200);
      assert.equal((await there.report(conversionId, 'approved')).status, 200);
      return conversionId;
    });

    await eventually(async () => assert.equal(await countPostbacks(partnerId, 'approved', 'delivered'), LEADS));
    for (const conversionId of conversionIds) {
      const calls = tracker.received.filter(({ query }) => query['cid'] === conversionId);
      const told = calls.map(({ query }) => query['status']).join();
      assert.ok(['pending,approved', 'approved'].includes(told), `${conversionId}: ${told}`);
    }
    await assertBookedOnce(partnerId);
    await eventually(async () => assert.deepEqual(await database.db('outbox').select(), []));
  });

  it('while all is well, no program logs a warning', () => {
    const logged = programs.flatMap((program) => program.logs().filter((line) => line.startsWith('{')));
    const lines = logged.map((line) => JSON.parse(line) as LogLine);
    assert.deepEqual(
      lines.filter((line) => line.level >= WARN && !isOfBusyMachine(line)),
      [],
    );
  });

  /** On a machine that has too much to do, Temporal or Postgres may be late or break off, which deserves a warning. */
  function isOfBusyMachine({ level, sdkComponent, err }: LogLine): boolean {
    if (level !== WARN) return false;
    // The SDK's native part, of an answer for which it waits no longer.
    if (sdkComponent === 'core') return true;
    return /@grpc\/grpc-js|statement timeout|lock timeout|Query read timeout|Timeout acquiring/.test(err?.stack ?? '');
  }

  /** An approved lead of a new partner, and what it was sent. */
  async function approve(settings: object) {
    const partnerId = await network.partner(settings);
    const conversionId = await network.click(partnerId, encodeURIComponent('r 1&x'));
    const answer = await network.report(conversionId, 'approved');
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.body), { conversion_id: conversionId, status: 'approved', result: 'recorded' });

    const { story, postback } = await endedPostback(conversionId);
    assert.equal(postback.state, 'delivered');
    assert.deepEqual(
      postback.attempts.map(({ outcome, response }) => ({ outcome, http_status: response?.http_status })),
      [{ outcome: 'delivered', http_status: 200 }],
    );
    const [sent, ...others] = tracker.received;
    assert.ok(sent && others.length === 0);
    const [status] = story.statuses;
    const expected = {
      status: 'approved',
      ref_id: 'r 1&x',
      conversion_id: conversionId,
      postback_id: postback.postback_id,
      payout: '12.50',
      currency: 'USD',
      offer_id: story.offer.offer_id,
      partner_id: partnerId,
      event_time: status?.at,
      event_unix: String(Math.floor(Date.parse(status?.at ?? '') / 1000)),
    };
    return { conversionId, postback, sent, expected };
  }

  async function endedPostback(conversionId: string) {
    return await eventually(async () => {
      const story = await network.story(conversionId);
      const [postback, ...others] = story.postbacks;
      assert.ok(postback && others.length === 0, JSON.stringify(story.postbacks));
      assert.notEqual(postback.ended_at, null);
      return { story, postback };
    });
  }

  async function countPostbacks(partner_id: string, status: string, state: string): Promise<number> {
    return (await database.db('postbacks').where({ partner_id, status, state })).length;
  }

  async function assertBookedOnce(partnerId: string): Promise<void> {
    const { rows } = await database.db.raw<{ rows: { entries: number; amount: number }[] }>(
      `select count(e.entry_id) as entries, coalesce(sum(e.amount), 0)::int as amount,
         (select count(*) from settlements s where s.conversion_id = c.conversion_id) as settlements,
         (select count(*) from postbacks p where p.conversion_id = c.conversion_id) as postbacks
       from conversions c
       left join reward_entries e on e.conversion_id = c.conversion_id and e.partner_id = :partnerId
       where c.lead_id in (select lead_id from lead_events where partner_id = :partnerId)
       group by c.conversion_id`,
      { partnerId },
    );
    assert.equal(rows.length, LEADS);
    for (const row of rows) assert.deepEqual(row, { entries: 1, amount: 1250, settlements: 2, postbacks: 2 });
  }
});
