// `npm run demo`: the main stories on real servers. Prints what each party saw and fails when one is not as promised.
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { stopTestServers } from '../support/servers.ts';
import { outcomeOf, showOutcome } from './outcome.ts';
import { startStage, type Stage } from './stage.ts';
import { stories, type Story } from './stories.ts';

console.log('Starting Postgres, Temporal and the program with all its roles …');
let stage: Stage | undefined;
let broken = false;
try {
  stage = await startStage();
  for (const [index, story] of stories.entries()) await perform(story, index + 1, stage);
  console.log(`\nAll ${stories.length} stories went as promised.`);
} catch (error) {
  broken = true;
  console.error(`\nNOT AS PROMISED: ${(error as Error).message}`);
} finally {
  await stage?.stop();
  await stopTestServers();
}
process.exit(broken ? 1 : 0);

async function perform(story: Story, number: number, on: Stage): Promise<void> {
  const { narrator, alba, bluebird, ops } = on;
  for (const partner of [alba, bluebird]) partner.forget();
  narrator.begin(`${number}. ${story.title}`, story.about);
  const conversionId = await story.play(on);
  const view = await eventually(async () => {
    const seen = await ops.lookAt(conversionId);
    assert.deepEqual(outcomeOf(seen, on), story.promised);
    return seen;
  });
  story.check?.(on);
  showOutcome(view, on);
  console.log('\n  as promised');
}
