// A cluster is killed piece by piece while its partners' servers fail at random and prices change; then all is recounted from
// the facts.
import { startAdvertiser } from './advertiser.ts';
import { watchBacklog } from './backlog.ts';
import { createCallers } from './callers.ts';
import { entriesOf, type Entry } from './journal.ts';
import { killOneByOne } from './killer.ts';
import { startMoodyTracker } from './moody-tracker.ts';
import { tellPartnersUrl } from './network.ts';
import { readOptions } from './options.ts';
import { startPriceChanger } from './price-changer.ts';
import { createRandom } from './random.ts';
import { recount } from './recount/recount.ts';
import { waitForRest } from './rest.ts';
import { startStage } from './stage.ts';
import { startVisitors } from './visitors.ts';

const REST_TIMEOUT_MS = 15 * 60_000;
const PROGRESS_MS = 15_000;

const options = readOptions(process.env);
const { kills, folder } = options;
const stage = await startStage(options);
const { db, journal, network, seed, postgres, temporal } = stage;
const killsBefore = entriesOf(journal, 'kill').length;
console.log(`Trial in ${folder}, SEED=${seed}: ${killsBefore} of ${kills} kills are done.`);
console.log(`When it is interrupted, RESUME=1 KILLS=${kills} npm run test:cluster goes on, with the same CLUSTER_DIR.`);

// A trial that goes on draws other numbers than it did at first.
const randomFor = (stream: string) => createRandom(seed, `${stream} ${killsBefore}`);
const tracker = await startMoodyTracker(journal, randomFor('tracker'));
await tellPartnersUrl(db, network, tracker.url);
const programs = await stage.startPrograms();
const apis = () => programs.flatMap((program) => program.running() ?? []).filter(({ publicUrl }) => publicUrl !== '');
const callers = createCallers(() => apis().map(({ publicUrl }) => publicUrl), randomFor('callers'));
const opsCallers = createCallers(() => apis().map(({ opsUrl }) => opsUrl), randomFor('ops callers'));
const advertiser = startAdvertiser({ callers, network, journal, random: randomFor('advertiser') });
const prices = startPriceChanger({ callers: opsCallers, network, journal, random: randomFor('prices') });
const backlog = watchBacklog(db);
const visitors = startVisitors({
  ...{ callers, network, journal, random: randomFor('visitors'), clicksPerSecond: options.clicksPerSecond },
  mustWait: () => backlog.isLong(),
  onConversion: (conversionId) => advertiser.hearOf(conversionId),
});

const progress = setInterval(() => console.log(describeProgress()), PROGRESS_MS);
await killOneByOne({
  groups: [...[postgres, ...temporal, ...programs].map((each) => [each]), [postgres, ...temporal]],
  ...{ kills, secondsBetweenKills: options.secondsBetweenKills, journal, random: randomFor('killer') },
});
clearInterval(progress);
await backlog.stop();
console.log(`${describeProgress()}. No more kills; waiting until nothing is owed.`);
await visitors.stop();
await advertiser.finish();
await prices.stop();
const isRight = await judge();
await tracker.stop();
await Promise.all([callers.close(), opsCallers.close()]);
await stage.stop(programs);
process.exit(isRight ? 0 : 1);

/** Waits for rest and recounts; what hangs does not keep the rest from being recounted. */
async function judge(): Promise<boolean> {
  let looks = 0;
  const hanging = await waitForRest(db, REST_TIMEOUT_MS, (text) => {
    if (looks++ % 10 === 0) console.log(`  ${text}`);
  }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  if (hanging !== undefined) console.log(hanging);
  const isRight = await recount(db, journal, network);
  return isRight && hanging === undefined;
}

function describeProgress(): string {
  const count = (type: Entry['type']) => entriesOf(journal, type).length;
  const counts = [
    ...[`${count('kill')} kills`, `${count('click')} clicks`, `${count('status')} statuses`],
    ...[`${count('file')} files`, `${count('priced')} price lists`, `${count('received')} postbacks`],
  ];
  return `${counts.join(', ')}; ${backlog.describe()}`;
}
