import type { AttemptRow, PostbackRow, ToldCall } from '../db/reports/conversion-facts.ts';
import type { RewardEntryRow } from '../db/reports/reward-entries.ts';
import type { StoryFacts } from '../db/reports/lead-facts.ts';
import type { FraudFlagRow } from '../db/reports/fraud-flags.ts';
import { tellFlag } from '../domain/fraud-flag.ts';
import type { LeadEvent } from '../domain/lead-event.ts';
import { formatMajorUnits } from '../domain/money.ts';
import type { RefIdProblem } from '../domain/ref-id.ts';
import { tellOutcome, tellRefIdProblem, tellResult } from './code-words.ts';
import { subjectsOf } from './conversion-view.ts';
import { viewDroppedTouches } from './dropped-touches.ts';
import { tellPayouts } from './ledger-words.ts';
import { tellPrice } from './price-words.ts';
import type { LinkChange, Reading } from './reading.ts';
import { tellSkip } from './skip-words.ts';

export type Moment = { at: string; seq: number | null; what: string };

/** Everything that happened, one line each, in the order in which it happened. */
export function makeTimeline(facts: StoryFacts, { linkChanges, wonBy, refIdProblems }: Reading): Moment[] {
  const changeAt = new Map(linkChanges.map((change) => [change.seq, change]));
  const receivers = new Map(facts.postbacks.map((postback) => [postback.postback_id, postback.partner_id]));
  const callAt = new Map(facts.statusCalls.flatMap((call) => (call.seq === null ? [] : [[call.seq, call] as const])));
  const moments: Moment[] = [
    ...facts.events.map((event) => tellEvent(event, changeAt.get(event.seq), { wonBy, call: callAt.get(event.seq) })),
    ...tellPrices(facts),
    ...facts.statusCalls.filter((call) => call.seq === null).map(tellCall),
    ...facts.rewardEntries.map(tellReward),
    ...tellPayouts(facts.rewardEntries).map((moment) => ({ ...moment, seq: null })),
    ...facts.postbacks.flatMap((postback) => tellPostback(postback, refIdProblems.get(postback.seq))),
    ...facts.flags.map(tellFlagged),
    ...tellDroppedTouches(facts),
    ...facts.attempts.map((attempt) => tellAttempt(attempt, receivers.get(attempt.postback_id) ?? 'house')),
  ];
  // A stable sort: within one millisecond, causes stay before their effects.
  return moments.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function tellFlagged({ at, kind, conversion_id, partner_id, evidence }: FraudFlagRow): Moment {
  const what = `conversion ${conversion_id} of ${partner_id} was flagged: ${tellFlag(kind, evidence)}`;
  return { at, seq: null, what };
}

function tellDroppedTouches({ droppedTouches }: StoryFacts): Moment[] {
  const dropped = viewDroppedTouches(droppedTouches);
  return dropped ? [{ at: dropped.dropped_at, seq: null, what: dropped.what }] : [];
}

type StatusContext = { wonBy: Reading['wonBy']; call: ToldCall | undefined };

function tellEvent(event: LeadEvent, change: LinkChange | undefined, { wonBy, call }: StatusContext): Moment {
  const { at, seq } = event;
  switch (event.type) {
    case 'touch': {
      const refId = event.refId === null ? '' : ` with ref_id ${event.refId}`;
      const problem =
        event.refIdProblem === null ? '' : ` with an unusable ref_id (${tellRefIdProblem(event.refIdProblem)})`;
      const effect = change ? `; the lead passes from ${change.from} to ${change.to}` : '';
      return { at, seq, what: `touch by ${event.partnerId}${refId}${problem}${effect}` };
    }
    case 'conversion':
      return { at, seq, what: `conversion ${event.conversionId} to offer ${event.offerId}` };
    case 'status': {
      const won = wonBy.get(event.conversionId);
      const winner = won?.seq === seq ? `; won by ${won.partnerId}` : '';
      const reason = event.reason === null ? '' : ` (${event.reason})`;
      const source = call ? tellSource(call, event.status) : '';
      return { at, seq, what: `${event.status}${reason} for conversion ${event.conversionId}${source}${winner}` };
    }
  }
}

/** Where a price comes from: told where it is more than the offer's reward. */
function tellPrices({ statuses, prices, conversions }: StoryFacts): Moment[] {
  const statusAt = new Map(statuses.map(({ seq, status }) => [seq, status]));
  const conversionOf = new Map(conversions.map((row) => [row.conversion_id, row]));
  return prices.flatMap((price) => {
    const { conversionId, seq, at } = price;
    const conversion = conversionOf.get(conversionId);
    const status = statusAt.get(seq);
    const isTold = price.list !== null || price.cap !== null;
    if (!conversion || !isTold || status === 'rejected') return [];
    return [{ at, seq, what: `price of conversion ${conversionId}: ${tellPrice(price, subjectsOf(conversion))}` }];
  });
}

/** What a status was made from, where that does not go without saying. */
function tellSource(
  { call_id, source, word, raw, rejudged_at, accepted_at, ...call }: ToldCall,
  status: string,
): string {
  if (source === 'ops') return `, given by ops${tellOps(raw)}`;
  const taken = word === status ? '' : word === null ? ' without a word' : ` with the word "${word}"`;
  const later = accepted_at !== null ? ', accepted late' : rejudged_at !== null ? ', judged again' : '';
  const row = tellRow(call);
  return taken || later || row ? `, by status call ${call_id}${row}${taken}${later}` : '';
}

function tellOps(raw: unknown): string {
  const { by, comment } = (raw as { body?: { by?: unknown; comment?: unknown } | null }).body ?? {};
  const name = typeof by === 'string' ? ` (${by})` : '';
  return typeof comment === 'string' ? `${name}: ${comment}` : name;
}

function tellCall({ at, call_id, source, word, result, conversion_id, ...call }: ToldCall): Moment {
  const said = word === null ? '' : ` with the word "${word}"`;
  const who = source === 'ops' ? 'status of ops' : 'status call';
  return {
    at,
    seq: null,
    what: `${who} ${call_id}${tellRow(call)} for conversion ${conversion_id}${said}: ${tellResult(result)}`,
  };
}

/** From which row of which file it came. */
function tellRow({
  import_id,
  row_number,
  file_name,
}: Pick<ToldCall, 'import_id' | 'row_number' | 'file_name'>): string {
  if (import_id === null) return '';
  return ` (row ${row_number} of ${file_name === null ? 'the file' : `file ${file_name}`}, import ${import_id})`;
}

function tellReward({ at, seq, kind, line, amount, ...entry }: RewardEntryRow): Moment {
  const { currency, partner_id, conversion_id } = entry;
  const sum = `${formatMajorUnits(amount, currency)} ${currency}`;
  const after = line === 'correction' ? ', a correction after a payout' : '';
  const what = `reward ${kind}: ${sum} for ${partner_id}, conversion ${conversion_id}${after}`;
  return { at, seq, what };
}

function tellPostback(postback: PostbackRow, refIdProblem: RefIdProblem | undefined): Moment[] {
  const { postback_id, seq, partner_id, status, state, skip_reason, created_at, ended_at } = postback;
  const name = `postback ${postback_id} (${status}) to ${partner_id ?? 'house'}`;
  if (state === 'skipped')
    return [{ at: created_at, seq, what: `${name}: skipped, ${tellWhySkipped(skip_reason, refIdProblem)}` }];
  const planned = { at: created_at, seq, what: `${name}: due` };
  return ended_at === null ? [planned] : [planned, { at: ended_at, seq, what: `${name}: ${state}` }];
}

function tellWhySkipped(reason: PostbackRow['skip_reason'], refIdProblem: RefIdProblem | undefined): string {
  if (reason === 'no_ref_id' && refIdProblem) return `its ref_id was unusable (${tellRefIdProblem(refIdProblem)})`;
  return reason === null ? 'without a reason' : tellSkip(reason);
}

function tellAttempt(attempt: AttemptRow, receiver: string): Moment {
  const { postback_id, outcome, http_status, error, started_at } = attempt;
  const told = tellOutcome(outcome, http_status, error);
  const result = outcome === 'delivered' || outcome === 'refused' ? `${outcome}, ${told}` : told;
  return {
    at: started_at,
    seq: null,
    what: `attempt ${attempt.attempt} of postback ${postback_id} to ${receiver}: ${result}`,
  };
}
