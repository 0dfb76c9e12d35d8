import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { call, createHttpNetwork, type Answer, type HttpNetwork } from '../support/network-over-http.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivatePostgres, startPrivateTemporal } from '../support/servers.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';

describe('servers that go away and come back', function () {
  this.timeout(120_000);
  let postgres: Awaited<ReturnType<typeof startPrivatePostgres>>;
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let program: RunningProgram;
  let network: HttpNetwork;
  let tracker: PartnerServer;
  let partnerId: string;

  before(async () => {
    [postgres, temporal, tracker] = await Promise.all([
      startPrivatePostgres(),
      startPrivateTemporal(),
      startPartnerServer(),
    ]);
    program = await startProcess({ databaseUrl: postgres.url, temporalAddress: temporal.address });
    network = await createHttpNetwork(program);
    partnerId = await network.partner({ url: tracker.url });
  });

  after(async () => {
    await program.stop();
    await Promise.all([postgres.stop(), temporal.stop(), tracker.stop()]);
  });

  it('without Temporal every click and status is answered; when it is back all are told in their order', async () => {
    const open = await network.click(partnerId, 'open');
    await report(open, 'pending');
    await eventually(() => assert.deepEqual(told('open'), ['pending']));

    await temporal.kill('SIGKILL');
    const begun = await network.click(partnerId, 'begun');
    for (const conversionId of [open, begun]) await report(conversionId, 'approved');
    await report(begun, 'rejected');
    await eventually(async () => assert.equal((await call(`${program.publicUrl}/readyz`)).status, 200));

    temporal = await startPrivateTemporal({ dir: temporal.dir, port: temporal.port });
    await eventually(() => {
      assert.deepEqual(told('open'), ['pending', 'approved']);
      assert.equal(told('begun').at(-1), 'rejected');
    });
    assert.ok(['approved,rejected', 'rejected'].includes(told('begun').join()), told('begun').join());
    const { reward } = await network.story(begun);
    assert.deepEqual(
      reward.entries.map(({ kind }) => kind),
      ['booked', 'revoked'],
    );
  });

  it('without Postgres callers are asked to come again; when it is back everything goes on by itself', async () => {
    const conversionId = await network.click(partnerId, 'waiting');
    await postgres.stop();
    const calls = [
      () => network.report(conversionId, 'approved'),
      () => network.visit(partnerId, 'lost'),
      () => call(`${program.publicUrl}/readyz`),
      () => call(`${program.opsUrl}/readyz`),
    ];
    for (const answer of await Promise.all(calls.map((make) => make()))) assertUnavailable(answer);
    assert.equal((await call(`${program.publicUrl}/healthz`)).status, 200);

    postgres = await startPrivatePostgres({ dir: postgres.dir, port: postgres.port });
    await eventually(async () => assert.equal((await call(`${program.opsUrl}/readyz`)).status, 200));
    await report(conversionId, 'approved');
    await report(await network.click(partnerId, 'later'), 'approved');
    await eventually(() =>
      assert.deepEqual(
        { waiting: told('waiting'), later: told('later') },
        { waiting: ['approved'], later: ['approved'] },
      ),
    );
  });

  it('a program that never finds Temporal takes clicks all the same, and ends when it is asked to', async () => {
    const lonely = await startProcess({
      roles: ['api', 'worker'],
      databaseUrl: postgres.url,
      temporalAddress: '127.0.0.1:1',
    });
    const conversionId = await network.through(lonely).click(partnerId, 'stored');
    await eventually(async () => assert.equal((await call(`${lonely.publicUrl}/readyz`)).status, 200));
    assert.equal((await call(`${lonely.opsUrl}/readyz`)).status, 503);
    assert.deepEqual(await lonely.stop(), { code: 0, signal: null });

    await report(conversionId, 'approved');
    await eventually(() => assert.deepEqual(told('stored'), ['approved']));
  });

  async function report(conversionId: string, status: string): Promise<void> {
    const answer = await network.report(conversionId, status);
    assert.equal(answer.status, 200, answer.body);
  }

  function told(refId: string): (string | undefined)[] {
    return tracker.received.filter(({ query }) => query['ref'] === refId).map(({ query }) => query['status']);
  }
});

function assertUnavailable({ status, headers, body }: Answer): void {
  assert.equal(status, 503, body);
  assert.match(String(headers['retry-after']), /^\d+$/);
}
