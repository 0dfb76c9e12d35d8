// Before the tests: finds or builds the two Temporal servers, which can take minutes once on a new machine.
import { findTemporalBinary } from '../../src/dev/embedded/temporal-binary.ts';
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
