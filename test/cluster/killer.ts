import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { entriesOf, type Journal } from './journal.ts';
import type { KeptProcess } from './kept-process.ts';
import type { Random } from './random.ts';

type KillerOptions = {
  /** What is killed at once; each group is hit once in a round, in an order of chance. */
  groups: KeptProcess[][];
  kills: number;
  secondsBetweenKills: number;
  journal: Journal;
  random: Random;
};

const SECOND_MS = 1000;
const CALM_POSTBACKS = 40;
const LONGEST_CALM_MS = 60 * SECOND_MS;
const COME_BACK_MS = 10 * 60 * SECOND_MS;

/**
 * Kills until there have been so many kills, those of earlier runs included. Between two rounds everything comes back and
 * works for a while, or a slow machine would see kills of what had not begun to work.
 * @throws AssertionError that names what does not come back
 */
export async function killOneByOne({
  groups,
  kills,
  secondsBetweenKills,
  journal,
  random,
}: KillerOptions): Promise<void> {
  let round: KeptProcess[][] = [];
  for (let kill = entriesOf(journal, 'kill').length; kill < kills; kill++) {
    await delay(secondsBetweenKills * random.between(0.5, 1.5) * SECOND_MS);
    if (round.length === 0) {
      await waitForAll(groups);
      await waitForWork(journal);
      round = random.shuffle(groups);
    }
    const group = await waitForOneThatIsUp(round);
    round = round.filter((other) => other !== group);
    journal.add({ type: 'kill', names: group.map(({ name }) => name) });
    await Promise.all(group.map((each) => each.kill()));
  }
}

async function waitForAll(groups: KeptProcess[][]): Promise<void> {
  await eventually(() => {
    const down = groups.flat().filter((each) => each.running() === undefined);
    assert.equal(down.length, 0, `${down.map(({ name }) => name).join(', ')} does not come back`);
  }, COME_BACK_MS);
}

/** Partners have heard some more: events are relayed, leads settled, attempts made. */
async function waitForWork(journal: Journal): Promise<void> {
  const heardBefore = entriesOf(journal, 'received').length;
  const deadline = Date.now() + LONGEST_CALM_MS;
  while (entriesOf(journal, 'received').length < heardBefore + CALM_POSTBACKS && Date.now() < deadline) {
    await delay(SECOND_MS);
  }
}

async function waitForOneThatIsUp(groups: KeptProcess[][]): Promise<KeptProcess[]> {
  return await eventually(() => {
    const ready = groups.find((group) => group.every((each) => each.running() !== undefined));
    assert.ok(ready, 'None of the processes that are left for this round comes back');
    return ready;
  }, COME_BACK_MS);
}
