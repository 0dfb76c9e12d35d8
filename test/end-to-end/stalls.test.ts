import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { freeze } from '../support/freeze.ts';
import { call, createHttpNetwork, type HttpNetwork } from '../support/network-over-http.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivatePostgres } from '../support/servers.ts';
import { startProxy, type Proxy } from './proxy.ts';

// More than two batches, so that some wait behind those that are stuck.
const VISITORS = 700;
// Three times what the slowest takes on a machine that has nothing else to do; batches that wait for one another take more.
const PATIENCE_MS = 8000;
// What waits for a statement of its own is answered within 3 s, and without a limit over the whole call after 6 s; what is
// between the two is for a machine that is busy.
const ANSWERED_WITHIN_MS = 5500;
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
      for (const wave of ['a', 'b']) {
        const answers = await Promise.all(Array.from({ length: VISITORS }, (_, index) => visit(`${wave}${index}`)));
        assert.deepEqual([...new Set(answers.map(({ status }) => status))], [503]);
        assert.ok(answers.every(({ headers }) => Number(headers['retry-after']) > 0));
      }
      endStall();
      endStall = () => undefined;
      await eventually(async () => assert.equal((await visit('back')).status, 302));
      const answers = await Promise.all(Array.from({ length: VISITORS }, (_, index) => visit(`c${index}`)));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [302]);
    });

    it(`and ${name}: advertisers, and visitors of partners not yet known, are asked to come again in time`, async () => {
      endStall = stall();
      const startedAt = performance.now();
      const callers = Array.from({ length: CALLERS }, (_, index) => [
        network.report(conversionId, 'approved'),
        call(`${publicUrl}/unknownpartner${index}/`),
      ]);
      const answers = await Promise.all(callers.flat());
      const tookMs = performance.now() - startedAt;
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [503]);
      assert.ok(answers.every(({ headers }) => Number(headers['retry-after']) > 0));
      assert.ok(tookMs < ANSWERED_WITHIN_MS, `${tookMs} ms`);
      endStall();
      endStall = () => undefined;
      await eventually(async () => assert.equal((await network.report(conversionId, 'approved')).status, 200));
      await eventually(async () => assert.equal((await call(`${publicUrl}/unknownpartner/`)).status, 404));
    });
  }

  async function visit(refId: string) {
    const url = publicUrl + network.clickPath(partnerId, refId);
    return await call(url, { headersTimeout: PATIENCE_MS });
  }
});
