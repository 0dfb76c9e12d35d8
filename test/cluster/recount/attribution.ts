import type { Status } from '../../../src/domain/status.ts';
import type { TrialNetwork } from '../network.ts';
import type { EventRow, Facts, PostbackRow, RewardRow, SettlementRow } from './facts.ts';
import { compare, type Finding } from './findings.ts';

type Holder = { partnerId: string; refId: string | null; touchSeq: number };

/** What a status should have led to. */
type Due = {
  settlement: Omit<SettlementRow, 'settled_at'>;
  reward: RewardRow | null;
  postback: Omit<PostbackRow, 'postback_id' | 'state' | 'is_handover'>;
};

type ConversionSoFar = { status: Status | null; winner: Holder | null | undefined; booked: number | undefined };

/** One settlement for each recorded status, the right partner by commit order, and the reward and postback that follow. */
export function recountSettlements({ eventsByLead, ...facts }: Facts, network: TrialNetwork): Finding[] {
  const due = [...eventsByLead.values()].flatMap((events) => followLead(events, network));
  const keyOf = ({ conversion_id, seq }: { conversion_id: string; seq: number }) => `${conversion_id} ${seq}`;
  const settled = facts.settlements.map(pickSettlement);
  const rewarded = facts.rewards.map(pickReward);
  const rewards = due.flatMap(({ reward }) => reward ?? []);
  const postbacks = facts.postbacks.filter(({ is_handover }) => !is_handover).map(pickPostback);
  return [
    compare(
      'settlements, one for each status, with the right partner',
      due.map((each) => each.settlement),
      settled,
      keyOf,
    ),
    compare('entries of rewards', rewards, rewarded, keyOf),
    compare(
      'postbacks, one for each settlement',
      due.map(({ postback }) => postback),
      postbacks,
      keyOf,
    ),
  ];
}

/** The rules R3-R8 once more, told as one plain loop over what was committed, so that a mistake in the code shows. */
function followLead(events: EventRow[], network: TrialNetwork): Due[] {
  let holder: Holder | null = null;
  const conversions = new Map<string, ConversionSoFar>();
  const due: Due[] = [];
  for (const event of events) {
    if (event.type === 'touch') {
      holder = holderAfter(holder, event);
    }
    if (event.type !== 'status') continue;
    const id = event.conversion_id ?? '';
    const before = conversions.get(id) ?? { status: null, winner: undefined, booked: undefined };
    const told: Holder | null = before.winner === undefined ? holder : before.winner;
    const price = before.booked ?? event.price_amount ?? 0;
    let reward: SettlementRow['reward'] = 'none';
    if (told && event.status === 'approved') reward = 'book';
    if (told && event.status !== 'approved' && before.status === 'approved') reward = 'revoke';
    due.push(describeDue(event, { told, reward, price, skip: skipReasonFor(told, event.status, network) }));
    conversions.set(id, {
      status: event.status,
      winner: event.status === 'approved' ? told : before.winner,
      booked: reward === 'book' ? price : before.booked,
    });
  }
  return due;
}

function holderAfter(before: Holder | null, { partner_id, ref_id, seq }: EventRow): Holder {
  const isSamePartner = before?.partnerId === partner_id;
  return { partnerId: partner_id ?? '', refId: ref_id ?? (isSamePartner ? before.refId : null), touchSeq: seq };
}

type Judged = { told: Holder | null; reward: SettlementRow['reward']; price: number; skip: string | null };

function describeDue(event: EventRow, { told, reward, price, skip }: Judged): Due {
  const ids = { conversion_id: event.conversion_id ?? '', seq: event.seq };
  const partner_id = told?.partnerId ?? null;
  const status = event.status as Status;
  const currency = event.price_currency ?? '';
  const isBooked = reward === 'book';
  return {
    settlement: { ...ids, lead_id: event.lead_id, status, partner_id, touch_seq: told?.touchSeq ?? null, reward },
    reward:
      reward === 'none'
        ? null
        : {
            ...{ ...ids, partner_id: partner_id ?? '', kind: isBooked ? ('booked' as const) : ('revoked' as const) },
            ...{ amount: isBooked ? price : -price, currency },
          },
    postback: {
      ...{ ...ids, partner_id, ref_id: told?.refId ?? null, status },
      // Advertisers give no reason here.
      reason: status === 'rejected' ? null : event.price_cap,
      ...{ payout: status === 'rejected' ? 0 : price, currency, skip_reason: skip },
    },
  };
}

function skipReasonFor(told: Holder | null, status: Status | null, { partnerIds }: TrialNetwork): string | null {
  if (told === null) return 'house';
  if (told.refId === null) return 'no_ref_id';
  if (told.partnerId === partnerIds['without postbacks']) return 'not_configured';
  return told.partnerId === partnerIds['decisions only'] && status === 'pending' ? 'status_off' : null;
}

// Both sides name their fields in this order, because they are compared as text.

function pickSettlement({ conversion_id, seq, lead_id, status, partner_id, touch_seq, reward }: SettlementRow) {
  return { conversion_id, seq, lead_id, status, partner_id, touch_seq, reward };
}

function pickReward({ conversion_id, seq, partner_id, kind, amount, currency }: RewardRow) {
  return { conversion_id, seq, partner_id, kind, amount, currency };
}

function pickPostback({ conversion_id, seq, partner_id, ref_id, status, reason, ...postback }: PostbackRow) {
  const { payout, currency, skip_reason } = postback;
  return { conversion_id, seq, partner_id, ref_id, status, reason, payout, currency, skip_reason };
}
