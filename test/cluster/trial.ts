// A cluster is killed piece by piece while its partners' servers fail at random, and prices and caps change; then all is
// recounted from the facts.
import { startAdvertiser } from './advertiser.ts';
import { watchBacklog } from './backlog.ts';
import { createCallers } from './callers.ts';
import { startCapChanger } from './cap-changer.ts';
import { createEnds } from './ends.ts';
import { startExporter } from './exporter.ts';
import { entriesOf, type Entry } from './journal.ts';
import { killOneByOne } from './killer.ts';
import { startMoodyTracker } from './moody-tracker.ts';
import { tellPartnersUrl, type TrialOffer } from './network.ts';
import { waitUntilLeadsEnd } from './open-leads.ts';
import { createOps } from './ops.ts';
import { readOptions } from './options.ts';
import { startPriceChanger } from './price-changer.ts';
import { startPuller } from './puller.ts';
import { createRandom } from './random.ts';
import { recount } from './recount/recount.ts';
import { waitForRest } from './rest.ts';
import { startStage } from './stage.ts';
import { startVisitors } from './visitors.ts';

const ASK_TIMEOUT_MS = 10 * 60_000;
const END_TIMEOUT_MS = 15 * 60_000;
// Sooner, because it says what is left.
const REST_TIMEOUT_MS = END_TIMEOUT_MS - 60_000;
const PROGRESS_MS = 15_000;

const options = readOptions(process.env);
const { kills, folder } = options;
const stage = await startStage(options);
const { db, journal, network, seed, postgres, temporal, temporalAddress } = stage;
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
const ops = createOps({ callers: opsCallers, journal, patienceMs: ASK_TIMEOUT_MS });
const advertiser = startAdvertiser({
  ...{ callers, ops, network, journal, random: randomFor('advertiser') },
  onPending: (conversionId) => visitors.bringBack(conversionId),
});
const exporter = await startExporter({ journal, random: randomFor('exporter') });
const puller = await startPuller({ ops, network, random: randomFor('puller'), url: exporter.url });
const prices = startPriceChanger({ ops, network, journal, random: randomFor('prices') });
const caps = startCapChanger({ ops, network, journal, random: randomFor('caps') });
const exported = new Set(network.offers.filter(isExported).map(({ offerId }) => offerId));
const backlog = watchBacklog(db);
const visitors = startVisitors({
  ...{ callers, network, journal, random: randomFor('visitors'), clicksPerSecond: options.clicksPerSecond },
  mustWait: () => backlog.isLong(),
  onConversion: (conversionId, offerId) => (exported.has(offerId) ? exporter : advertiser).hearOf(conversionId),
});

const progress = setInterval(() => console.log(describeProgress()), PROGRESS_MS);
await killOneByOne({
  groups: [...[postgres, ...temporal, ...programs].map((each) => [each]), [postgres, ...temporal]],
  ...{ kills, secondsBetweenKills: options.secondsBetweenKills, journal, random: randomFor('killer') },
});
clearInterval(progress);
await backlog.stop();
console.log(`${describeProgress()}. No more kills; waiting until nothing is owed.`);
const ends = createEnds(END_TIMEOUT_MS);
await ends.of('the visitors', () => visitors.stop());
await Promise.all([
  ends.of('the advertiser', () => advertiser.finish()),
  ends.of('the exporter', () => exporter.finish()),
]);
await Promise.all([
  ends.of('the changes of prices', () => prices.stop()),
  ends.of('the changes of caps', () => caps.stop()),
]);
await ends.of('the pulls', (late) => puller.finish(late));
const isRight = await judge();
await Promise.all([tracker.stop(), exporter.close()]);
await Promise.all([callers.close(), opsCallers.close()]);
await stage.stop(programs);
process.exit(isRight ? 0 : 1);

/** Waits for rest and recounts; what hangs does not keep the rest from being recounted. */
async function judge(): Promise<boolean> {
  let looks = 0;
  const onLook = (text: string) => {
    if (looks++ % 10 === 0) console.log(`  ${text}`);
  };
  await ends.of('the rest', () => waitForRest(db, REST_TIMEOUT_MS, onLook));
  const openLeads = await ends.of('the leads', () => waitUntilLeadsEnd(temporalAddress, onLook));
  for (const hanging of ends.hanging) console.log(hanging);
  if (openLeads) console.log(`The workflows of ${openLeads} leads still run although their windows have ended.`);
  const isRight = await recount(db, journal, network);
  return isRight && ends.hanging.length === 0 && openLeads === 0;
}

function isExported({ advertiserId }: TrialOffer): boolean {
  return advertiserId === network.exporterId;
}

function describeProgress(): string {
  const count = (type: Entry['type']) => entriesOf(journal, type).length;
  const counts = [
    ...[`${count('kill')} kills`, `${count('click')} clicks`, `${count('status')} statuses`],
    ...[`${count('file')} files`, `${count('served')} exports`, `${count('priced')} price lists`],
    ...[`${count('capped')} caps`, `${count('received')} postbacks`],
  ];
  return `${counts.join(', ')}; ${backlog.describe()}`;
}
