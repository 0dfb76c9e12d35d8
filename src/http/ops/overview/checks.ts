import type { Knex } from 'knex';
import { readCountedUpto } from '../../../db/counting/counting.ts';
import { countFailingEndpoints } from '../../../db/endpoints/endpoints.ts';
import { readBacklog } from '../../../db/outbox.ts';
import { countOverduePostbacks, countOverdueSettlements, type Grace } from '../../../db/overdue.ts';
import { importTells } from '../../../db/imports/import-tells.ts';
import { findTroubledPulls } from '../../../db/pulls/pull-reports.ts';
import { replayTells } from '../../../db/replays/replay-tells.ts';
import {
  countClosingConversions,
  COUNTED_AT_MOST,
  countLateStatuses,
  countUnknownWords,
} from '../../../db/reports/ops-overview.ts';
import { countSilentAdvertisers } from '../../../db/reports/silence.ts';
import { advertiserAt } from '../addresses.ts';
import type { Tone } from '../../pages/console/states.ts';
import { writeCount } from '../../pages/console/write-numbers.ts';

/** What was found of one thing that may be stuck: `good` is calm, `busy` waits for somebody, `bad` is stuck. */
export type Finding = { tone: Tone; text: string; action?: { label: string; href: string } };

/** Something that is looked at, by a name of a few words. */
export type Check = { name: string; look: () => Promise<Finding> };

export type CheckDeps = {
  db: Knex;
  grace: Grace;
  failingAfter: number;
  windowMs: number;
  /** So long after its last call an advertiser who reports daily counts as silent. */
  silentAfterHours: number;
  /** Rejects while Temporal does not answer. */
  checkTemporal: () => Promise<void>;
};

const SECOND_MS = 1000;
// As the alerts of docs/alerts.yml have it.
const OLD_BACKLOG_SECONDS = 60;
const BEHIND_MS = 15 * 60 * SECOND_MS;

/** What may be stuck, and who may be waiting, each said in a sentence. */
export function listChecks(deps: CheckDeps): Check[] {
  const { db } = deps;
  return [
    { name: 'Temporal', look: () => lookAtTemporal(deps) },
    { name: 'Relay', look: () => lookAtRelay(db) },
    { name: 'Postbacks', look: () => lookAtPostbacks(deps) },
    { name: 'Rewards', look: () => lookAtSettlements(deps) },
    { name: 'Endpoints', look: () => lookAtEndpoints(deps) },
    { name: 'Replays', look: () => lookAtReplays(db) },
    { name: 'Imports', look: () => lookAtImports(db) },
    { name: 'Pulls', look: () => lookAtPulls(db) },
    { name: 'Silence', look: () => lookAtSilence(deps) },
    { name: 'Unknown words', look: () => lookAtWords(db) },
    { name: 'Late statuses', look: () => lookAtLate(db) },
    { name: 'Windows', look: () => lookAtWindows(deps) },
    { name: "Partners' figures", look: () => lookAtCounting(db) },
  ];
}

async function lookAtTemporal({ checkTemporal }: CheckDeps): Promise<Finding> {
  try {
    await checkTemporal();
    return { tone: 'good', text: 'Answers.' };
  } catch {
    const text = 'Temporal does not answer. Clicks and statuses are taken as ever; postbacks wait until it is back.';
    return { tone: 'bad', text };
  }
}

async function lookAtRelay(db: Knex): Promise<Finding> {
  const { leads, oldestSeconds } = await readBacklog(db);
  if (leads === 0) return { tone: 'good', text: 'Every lead knows all that happened to it.' };
  const age = sayRoughly(oldestSeconds * SECOND_MS);
  const text = `${say(leads, 'lead')} still to be told to their workflows, the first waits for ${age}.`;
  return { tone: oldestSeconds > OLD_BACKLOG_SECONDS ? 'bad' : 'good', text };
}

async function lookAtPostbacks({ db, grace }: CheckDeps): Promise<Finding> {
  const postbacks = await countOverduePostbacks(db, grace);
  if (postbacks === 0) return { tone: 'good', text: 'None is overdue.' };
  const action = { label: 'Show them', href: '/ops/postbacks?state=retrying' };
  return { tone: 'bad', text: `${say(postbacks, 'postback')} should have been attempted long ago.`, action };
}

async function lookAtSettlements({ db, grace }: CheckDeps): Promise<Finding> {
  const settlements = await countOverdueSettlements(db, grace);
  if (settlements === 0) return { tone: 'good', text: 'Every status is settled.' };
  const text = `${say(settlements, 'status', 'statuses')} should have been settled long ago: their partners wait for a reward or a postback.`;
  return { tone: 'bad', text, action: { label: 'Latest conversions', href: '/ops/conversions' } };
}

async function lookAtEndpoints({ db, failingAfter }: CheckDeps): Promise<Finding> {
  const failing = await countFailingEndpoints(db, failingAfter);
  if (failing === 0) return { tone: 'good', text: 'None is failing.' };
  const text = `${say(failing, "partner's endpoint", "partners' endpoints")} ${failing === 1 ? 'is' : 'are'} failing: its partner hears of no conversion.`;
  return { tone: 'busy', text, action: { label: 'Show them', href: '/ops/endpoints?state=failing' } };
}

async function lookAtReplays(db: Knex): Promise<Finding> {
  const running = await replayTells.countRunning(db);
  return { tone: 'good', text: running === 0 ? 'None is running.' : `${say(running, 'replay')} running.` };
}

async function lookAtImports(db: Knex): Promise<Finding> {
  const running = await importTells.countRunning(db);
  if (running === 0) return { tone: 'good', text: 'None is running.' };
  return { tone: 'good', text: `${say(running, 'import')} running.`, action: { label: 'Show', href: '/ops/imports' } };
}

async function lookAtPulls(db: Knex): Promise<Finding> {
  const { failing, overdue, waiting, first } = await findTroubledPulls(db);
  if (first === null) return { tone: 'good', text: 'No pull is in trouble.' };
  const troubled = [
    ...(failing > 0 ? [`${say(failing, "advertiser's export", "advertisers' exports")} cannot be fetched`] : []),
    ...(overdue > 0 ? [`${say(overdue, 'pull')} should have begun long ago`] : []),
    ...(waiting > 0 ? [`${say(waiting, 'pull')} ${waiting === 1 ? 'waits' : 'wait'} for an import to end`] : []),
  ];
  const href = `${advertiserAt(first)}/pull`;
  const tone = failing + overdue > 0 ? 'bad' : 'busy';
  return { tone, text: `${troubled.join('; ')}.`, action: { label: 'Look at the first', href } };
}

async function lookAtSilence({ db, silentAfterHours }: CheckDeps): Promise<Finding> {
  const silent = await countSilentAdvertisers(db, silentAfterHours);
  if (silent === 0) return { tone: 'good', text: 'Every advertiser who reports daily has reported.' };
  const text = `${say(silent, 'advertiser')} who ${silent === 1 ? 'reports' : 'report'} daily ${silent === 1 ? 'has' : 'have'} gone silent.`;
  return { tone: 'busy', text, action: { label: 'Show them', href: '/ops/silence' } };
}

async function lookAtWords(db: Knex): Promise<Finding> {
  const words = await countUnknownWords(db);
  if (words === 0) return { tone: 'good', text: 'Every word that an advertiser uses is understood.' };
  const text = `${say(words, 'word')} of advertisers ${words === 1 ? 'is' : 'are'} not understood: the calls wait for a meaning.`;
  return { tone: 'busy', text, action: { label: 'Say what they mean', href: '/ops/inbox' } };
}

async function lookAtLate(db: Knex): Promise<Finding> {
  const late = await countLateStatuses(db);
  if (late === 0) return { tone: 'good', text: 'None is waiting.' };
  const text = `${say(late, 'status', 'statuses')} came after the window and ${late === 1 ? 'waits' : 'wait'} to be accepted or left.`;
  return { tone: 'busy', text, action: { label: 'Look at them', href: '/ops/late' } };
}

async function lookAtWindows({ db, windowMs }: CheckDeps): Promise<Finding> {
  const closing = await countClosingConversions(db, windowMs);
  if (closing === 0) return { tone: 'good', text: 'None ends within a day with a conversion unanswered.' };
  const text = `${say(closing, 'conversion')} without an answer: ${closing === 1 ? 'its' : 'their'} window ends within a day.`;
  return {
    tone: 'quiet',
    text,
    action: { label: 'Remind their advertisers', href: '/ops/silence/reminders' },
  };
}

async function lookAtCounting(db: Knex): Promise<Finding> {
  const behindMs = Date.now() - Date.parse(await readCountedUpto(db));
  if (behindMs <= BEHIND_MS) return { tone: 'good', text: 'Counted up to now.' };
  const text = `Counting is ${sayRoughly(behindMs)} behind: partners' figures and lists come slowly.`;
  return { tone: 'bad', text };
}

const UNITS = [
  ['day', 24 * 60 * 60 * SECOND_MS],
  ['hour', 60 * 60 * SECOND_MS],
  ['minute', 60 * SECOND_MS],
  ['second', SECOND_MS],
] as const;

/** A duration in its largest unit, rounded: `6 days`. */
function sayRoughly(durationMs: number): string {
  const [unit, ms] = UNITS.find(([, length]) => durationMs >= length) ?? ['second', SECOND_MS];
  return say(Math.max(1, Math.round(durationMs / ms)), unit);
}

function say(count: number, one: string, many = `${one}s`): string {
  const told = count >= COUNTED_AT_MOST ? `${writeCount(COUNTED_AT_MOST)} or more` : writeCount(count);
  return `${told} ${count === 1 ? one : many}`;
}
