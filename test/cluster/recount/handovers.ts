import { ASKING_FOR_HANDOVERS, type TrialNetwork } from '../network.ts';
import { groupBy, type AttemptRow, type Facts, type PostbackRow, type SettlementRow } from './facts.ts';
import type { Finding } from './findings.ts';

/** A lead that was lost to another partner's approval: who was told `pending`, and when the approval was settled. */
type Loss = { told: PostbackRow; approval: SettlementRow };

type Certainty = 'yes' | 'no' | 'unclear';

// What was written down so shortly before or after a settlement may not have been seen by it.
const UNCLEAR_MS = 3000;
// After these nobody knows what the partner has made of the call.
const UNANSWERED = ['timeout', 'connection_failed', 'response_too_large', 'bad_response'];

/** R14: who asked for it, was told `pending` and lost the lead hears `rejected`, once; and nobody else does. */
export function recountHandovers(facts: Facts, network: TrialNetwork): Finding {
  const handovers = groupBy(
    facts.postbacks.filter(({ is_handover }) => is_handover),
    ({ conversion_id }) => conversion_id,
  );
  const losses = findLosses(facts, network);
  const wrong = losses.flatMap((loss) => {
    const { conversion_id } = loss.approval;
    const sent = handovers.get(conversion_id) ?? [];
    handovers.delete(conversion_id);
    return findWrong(loss, { sent, isDue: wasTold(loss, facts) });
  });
  const unasked = [...handovers.values()].flat().map((row) => `nobody asked for ${describe(row)}`);
  const counted = facts.postbacks.filter(({ is_handover }) => is_handover).length;
  return { what: 'handovers to partners that lost a lead', counted, wrong: [...wrong, ...unasked] };
}

function findLosses({ settlements, postbacks }: Facts, { partnerIds }: TrialNetwork): Loss[] {
  const asking = ASKING_FOR_HANDOVERS.map((name) => partnerIds[name]);
  const byStatus = new Map(postbacks.filter(({ is_handover }) => !is_handover).map((row) => [keyOf(row), row]));
  return [...groupBy(settlements, ({ conversion_id }) => conversion_id).values()].flatMap((ofConversion) => {
    const inOrder = [...ofConversion].sort((a, b) => a.seq - b.seq);
    const approval = inOrder.find(({ status }) => status === 'approved');
    const pending = inOrder.find(({ status }) => status === 'pending');
    const told = pending && byStatus.get(keyOf(pending));
    if (!approval || !told || told.seq > approval.seq || told.partner_id === approval.partner_id) return [];
    const mayHear = told.partner_id !== null && asking.includes(told.partner_id) && told.ref_id !== null;
    return mayHear ? [{ told, approval }] : [];
  });
}

function keyOf({ conversion_id, seq }: { conversion_id: string; seq: number }): string {
  return `${conversion_id} ${seq}`;
}

/** Whether the approval's settlement had to know that the partner was told `pending`, and of nothing newer. */
function wasTold({ told, approval }: Loss, { postbacks, attempts }: Facts): Certainty {
  const heard = (attempts.get(told.postback_id) ?? []).map((attempt) => hasHeard(attempt, approval));
  const since = postbacks.filter(
    (row) =>
      row.conversion_id === told.conversion_id &&
      row.partner_id === told.partner_id &&
      !row.is_handover &&
      row.status === 'rejected' &&
      row.seq > told.seq &&
      row.seq < approval.seq,
  );
  const taken = since.flatMap(({ postback_id }) => attempts.get(postback_id) ?? []);
  const knows = taken.filter(({ outcome }) => outcome === 'delivered').map((attempt) => isBefore(attempt, approval));
  if (!heard.some((each) => each !== 'no') || knows.includes('yes')) return 'no';
  return heard.includes('yes') && knows.length === 0 ? 'yes' : 'unclear';
}

/** One that was still under way might have been taken. */
function hasHeard(attempt: AttemptRow, approval: SettlementRow): Certainty {
  const { outcome, error } = attempt;
  if (outcome !== 'refused' || UNANSWERED.includes(error ?? '')) return 'yes';
  return isBefore(attempt, approval) === 'yes' ? 'no' : 'unclear';
}

function isBefore({ ended_at }: AttemptRow, { settled_at }: SettlementRow): Certainty {
  const ms = Date.parse(settled_at) - Date.parse(ended_at ?? settled_at);
  return ms > UNCLEAR_MS ? 'yes' : 'unclear';
}

function findWrong({ told, approval }: Loss, { sent, isDue }: { sent: PostbackRow[]; isDue: Certainty }): string[] {
  const should = describe({
    ...told,
    ...{ seq: approval.seq, status: 'rejected', reason: 'reattributed', payout: 0, skip_reason: null },
  });
  if (sent.length === 0) return isDue === 'yes' ? [`missing: ${should}`] : [];
  if (isDue === 'no') return sent.map((row) => `its partner was never told pending: ${describe(row)}`);
  return sent.flatMap((row, index) =>
    index > 0 || describe(row) !== should ? [`should be ${should}, is ${describe(row)}`] : [],
  );
}

function describe({
  conversion_id,
  seq,
  partner_id,
  ref_id,
  status,
  reason,
  payout,
  skip_reason,
}: PostbackRow): string {
  return JSON.stringify({ conversion_id, seq, partner_id, ref_id, status, reason, payout, skip_reason });
}
