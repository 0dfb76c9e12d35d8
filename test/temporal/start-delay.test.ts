import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { createLog } from '../../src/log.ts';
import { proveStartDelay, type StartDelay } from '../../src/temporal/start-delay.ts';
import { connectTemporal } from '../../src/temporal/connect.ts';
import { PROBE_WORKFLOW } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { startPrivateTemporal, testTemporal } from '../support/servers.ts';
import { connectClient } from '../support/temporal/connection.ts';

type LogLine = { level: number; msg: string };

const ERROR = 50;

describe('the proof that Temporal wakes a sleeping lead', function () {
  this.timeout(120_000);
  let client: Client;
  let lines: LogLine[];
  let proof: StartDelay | undefined;

  before(async () => {
    client = await connectClient((await testTemporal()).address);
  });

  after(() => client.connection.close());

  beforeEach(() => {
    lines = [];
  });

  afterEach(() => proof?.stop());

  /** Without those that tell how a busy server is asked again. */
  function errors(): LogLine[] {
    return lines.filter(({ level }) => level >= ERROR);
  }

  function prove(on: Client): StartDelay {
    const output = new Writable({
      write(line: Buffer, _encoding, done) {
        lines.push(JSON.parse(line.toString()) as LogLine);
        done();
      },
    });
    return (proof = proveStartDelay(on, createLog('info', output)));
  }

  it('is found with this server, and leaves no open probe behind', async () => {
    const started = prove(client);
    assert.equal(started.isProven(), undefined);
    await eventually(() => assert.equal(started.isProven(), true));
    await started.stop();
    assert.deepEqual(errors(), []);
    const open = `WorkflowType = '${PROBE_WORKFLOW}' and ExecutionStatus = 'Running'`;
    await eventually(async () => assert.equal((await client.workflow.count(open)).count, 0));
  });

  it('is not found with a server that lets it sleep on: this is said loudly, once', async () => {
    const woken = new Set<string>();
    const sleepOn: WorkflowClientInterceptor = {
      // What such a server would do with the second call.
      async signalWithStart(input, next) {
        const { workflowId } = input.options;
        if (!woken.has(workflowId)) return await next(input).finally(() => woken.add(workflowId));
        await client.workflow.getHandle(workflowId).signal(input.signalName);
        return '';
      },
    };
    const started = prove(new Client({ connection: client.connection, interceptors: { workflow: [sleepOn] } }));
    await eventually(() => assert.equal(started.isProven(), false));
    await started.stop();
    const [said, ...more] = errors();
    assert.match(said?.msg ?? '', /Leads start awake/);
    assert.deepEqual(more, []);
  });

  it('is looked for again when Temporal comes back', async () => {
    const first = await startPrivateTemporal();
    await first.kill('SIGKILL');
    const away = connectTemporal({ connectionOptions: { address: first.address }, namespace: 'default' });
    const started = prove(away);
    await eventually(() => assert.match(lines[0]?.msg ?? '', /cannot be seen yet/));
    assert.equal(started.isProven(), undefined);
    const second = await startPrivateTemporal({ port: first.port, dir: first.dir });
    await eventually(() => assert.equal(started.isProven(), true));
    await proof?.stop();
    await away.connection.close();
    await second.kill('SIGKILL');
  });
});
