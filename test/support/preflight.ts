// Before the tests: finds or makes what a new machine lacks, which can take minutes once, and which the processes that
// run tests side by side must not make at the same time.
import chromium from '@sparticuz/chromium';
import { findTemporalBinary } from '../../src/dev/embedded/temporal-binary.ts';
import { startPrivatePostgres, stopTestServers } from './servers.ts';
import './temporal/quiet-sdk.ts';
import { startTimeSkipping } from './temporal/time-skipping.ts';

const temporal = await findTemporalBinary({
  env: process.env,
  onProgress: (line) => process.stdout.write(`${line}\n`),
});
process.stdout.write(`Temporal server ${temporal.serverVersion} (${temporal.source})\n`);
const environment = await startTimeSkipping();
await environment.teardown();
process.stdout.write('Time-skipping Temporal server: ready\n');
// As root it may have to make its user, and a copy of its programs.
const postgres = await startPrivatePostgres();
await postgres.stop();
await stopTestServers();
process.stdout.write('Postgres: ready\n');
await chromium.executablePath();
process.stdout.write('Browser: unpacked\n');
