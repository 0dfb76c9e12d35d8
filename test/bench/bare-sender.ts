// The same calls as a replay makes, and nothing else: how many per second undici makes to the endpoint. For comparison.
import { Agent, request } from 'undici';
import { inParallel } from '../support/in-parallel.ts';

const [origin = '', calls = '0', atOnce = '1'] = process.argv.slice(2);
const dispatcher = new Agent({ connections: Number(atOnce), pipelining: 1 });
const startedAt = performance.now();
await inParallel(Array.from({ length: Number(calls) }), Number(atOnce), async () => {
  const { statusCode, body } = await request(`${origin}/?c=${crypto.randomUUID()}&s=approved`, { dispatcher });
  await body.dump();
  if (statusCode !== 200) throw new Error(`A call was answered with ${statusCode}.`);
});
console.log(Number(calls) / ((performance.now() - startedAt) / 1000));
process.exit(0);
