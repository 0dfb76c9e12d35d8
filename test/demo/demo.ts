// `npm run demo`: the main stories on real servers. Prints what each party saw and fails when one is not as promised.
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { stopTestServers } from '../support/servers.ts';
import { outcomeOf, showOutcome } from './outcome.ts';
import { startStage, type Stage } from './stage.ts';
import { stories, type Story } from './stories.ts';

console.log('Starting Postgres, Temporal and the program with all its roles …');
let scene = 'the start';
let stage: Stage | undefined;
try {
  stage = await startStage();
  for (const [index, story] of stories.entries()) {
    scene = `story ${index + 1}, "${story.title}"`;
    stage.narrator.begin(`${index + 1}. ${story.title}`, story.about);
    await perform(story, stage);
    console.log('\n  As promised.');
  }
  console.log(`\nAll ${stories.length} stories went as promised.`);
} catch (error) {
  process.exitCode = 1;
  console.error(`\nNOT AS PROMISED: ${scene}: ${(error as Error).message}`);
}
await stage?.stop();
await stopTestServers();
process.exit();

async function perform(story: Story, on: Stage): Promise<void> {
  for (const partner of [on.alba, on.bluebird]) partner.forget();
  const conversionId = await story.play(on);
  const view = await eventually(async () => {
    const seen = await on.ops.lookAt(conversionId);
    assert.deepEqual(outcomeOf(seen, on), story.promised);
    return seen;
  });
  story.check?.(on);
  showOutcome(view, on);
}
