import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLineOf } from '../../src/dev/embedded/process-identity.ts';
import { eventually } from '../support/eventually.ts';
import { createHttpNetwork, type HttpNetwork } from '../support/network-over-http.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { temporaryFolder } from '../support/servers.ts';

const ports = { POSTGRES_PORT: '0', TEMPORAL_PORT: '0', TEMPORAL_UI_PORT: '0', DEMO_RECEIVER_PORT: '0' };
const pidFiles = { Postgres: join('postgres', 'data', 'postmaster.pid'), Temporal: 'temporal.pid' };

describe('a program with servers of its own', function () {
  this.timeout(180_000);
  let dataDir: string;
  let tracker: PartnerServer;
  let program: RunningProgram;
  let network: HttpNetwork;
  let partnerId: string;

  before(async () => {
    dataDir = temporaryFolder();
    tracker = await startPartnerServer();
    program = await startProcess({ env: { DATA_DIR: dataDir, ...ports } });
    network = await createHttpNetwork(program);
    partnerId = await network.partner({ url: tracker.url });
  });

  after(() => tracker.stop());

  for (const server of ['Postgres', 'Temporal'] as const) {
    it(`starts ${server} again when it was killed, says so in one line, and goes on with all its data`, async () => {
      const earlier = await deliveredConversion(`before-${server}`);
      process.kill(pidOf(server), 'SIGKILL');
      await eventually(() => assert.equal(linesOf(`${server} ended unexpectedly (signal SIGKILL)`).length, 1));
      await deliveredConversion(`after-${server}`);
      assert.equal((await network.story(earlier)).postbacks[0]?.state, 'delivered');
      assert.equal(linesOf('started again').filter((line) => line.startsWith(server)).length, 1);
    });
  }

  it('then ends as well as ever', async () => {
    const pids = [pidOf('Postgres'), pidOf('Temporal')];
    assert.deepEqual(await program.stop(), { code: 0, signal: null });
    assert.deepEqual(pids.map(commandLineOf), ['', '']);
  });

  async function deliveredConversion(refId: string): Promise<string> {
    const conversionId = await eventually(() => network.click(partnerId, refId));
    await eventually(async () => assert.equal((await network.report(conversionId, 'approved')).status, 200));
    await eventually(async () => {
      assert.equal((await network.story(conversionId)).postbacks[0]?.state, 'delivered');
    });
    return conversionId;
  }

  function pidOf(server: keyof typeof pidFiles): number {
    return Number.parseInt(readFileSync(join(dataDir, pidFiles[server]), 'utf8'), 10);
  }

  function linesOf(text: string): string[] {
    return program.logs().filter((line) => line.includes(text));
  }
});
