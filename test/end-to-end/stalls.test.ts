import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { freeze } from '../support/freeze.ts';
import { call, createHttpNetwork, type Answer, type HttpNetwork } from '../support/network-over-http.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivatePostgres } from '../support/servers.ts';
import { startProxy, type Proxy } from './proxy.ts';

// More than two batches, so that some wait behind those that are stuck.
const VISITORS = 600;
// The slowest is answered after some 3 s; batches that wait for one another take more. To this comes what so many answers
// take on a machine that is busy.
const VISITED_WITHIN_MS = 6000;
// What waits for a statement of its own is answered within 3 s, and without a limit over the whole call after 6 s. The same.
const ANSWERED_WITHIN_MS = 4500;
// So many times what the same answers take while all is well.
const BUSY = 5;
// More than there are connections.
const CALLERS = 30;

describe('a Postgres that takes calls and answers none', function () {
  this.timeout(120_000);
  let postgres: Awaited<ReturnType<typeof startPrivatePostgres>>;
  let proxy: Proxy;
  let api: RunningProgram | undefined;
  let publicUrl: string;
  let network: HttpNetwork;
  let partnerId: string;
  let conversionId: string;
  let endStall: () => void = () => undefined;

  before(async () => {
    postgres = await startPrivatePostgres();
    const { host } = new URL(postgres.url);
    proxy = await startProxy(host);
    const databaseUrl = postgres.url.replace(host, proxy.address);
    api = await startProcess({ roles: ['api', 'migrate'], databaseUrl, temporalAddress: '127.0.0.1:1' });
    ({ publicUrl } = api);
    network = await createHttpNetwork(api);
    partnerId = await network.partner(null);
    // Known to the click path from now on.
    conversionId = await network.click(partnerId, 'first');
  });

  // A frozen server would not even end.
  afterEach(() => endStall());

  after(async () => {
    await api?.stop();
    await proxy.stop();
    await postgres.stop();
  });

  for (const [name, stall] of [
    ['is frozen', () => freeze(postgres.pid)],
    ['is behind a network that swallows everything', () => (proxy.blockEverything(), () => proxy.passEverything())],
  ] as const) {
    it(`and ${name}: every visitor is answered meanwhile, and served as soon as it is back`, async () => {
      endStall = stall();
      // Two waves: the second meets a store that is already known to be away.
      const stalled = [await timed(() => visits('a')), await timed(() => visits('b'))];
      for (const { answers } of stalled) {
        assert.deepEqual([...new Set(answers.map(({ status }) => status))], [503]);
        assert.ok(answers.every(({ headers }) => Number(headers['retry-after']) > 0));
      }
      endStall();
      endStall = () => undefined;
      await eventually(async () => assert.equal((await visit('back')).status, 302));
      const well = await timed(() => visits('c'));
      assert.deepEqual([...new Set(well.answers.map(({ status }) => status))], [302]);
      for (const { tookMs } of stalled) {
        assert.ok(
          tookMs < VISITED_WITHIN_MS + BUSY * well.tookMs,
          `${tookMs} ms, and ${well.tookMs} ms without a stall`,
        );
      }
    });

    it(`and ${name}: advertisers, and visitors of partners not yet known, are asked to come again in time`, async () => {
      const askAll = (name: string) =>
        Promise.all(
          Array.from({ length: CALLERS }, (_, index) => [
            network.report(conversionId, 'approved'),
            call(`${publicUrl}/${name}${index}/`),
          ]).flat(),
        );
      endStall = stall();
      const { answers, tookMs } = await timed(() => askAll('unknownpartner'));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [503]);
      assert.ok(answers.every(({ headers }) => Number(headers['retry-after']) > 0));
      endStall();
      endStall = () => undefined;
      await eventually(async () => assert.equal((await network.report(conversionId, 'approved')).status, 200));
      await eventually(async () => assert.equal((await call(`${publicUrl}/unknownpartner/`)).status, 404));
      const well = await timed(() => askAll('nobody'));
      assert.ok(
        tookMs < ANSWERED_WITHIN_MS + BUSY * well.tookMs,
        `${tookMs} ms, and ${well.tookMs} ms without a stall`,
      );
    });
  }

  async function timed(ask: () => Promise<Answer[]>): Promise<{ answers: Answer[]; tookMs: number }> {
    const startedAt = performance.now();
    const answers = await ask();
    return { answers, tookMs: performance.now() - startedAt };
  }

  async function visits(wave: string): Promise<Answer[]> {
    return await Promise.all(Array.from({ length: VISITORS }, (_, index) => visit(`${wave}${index}`)));
  }

  async function visit(refId: string) {
    const url = publicUrl + network.clickPath(partnerId, refId);
    return await call(url, { headersTimeout: 60_000 });
  }
});
