// The figures of a partner by a plain loop over all facts, as the rules are told.
import type { Knex } from 'knex';
import { readLeadEvents } from '../../../src/db/lead-events.ts';
import type { Figures, StatsQuery } from '../../../src/db/reports/partner-stats.ts';
import { linkPartners, type Holder } from '../../../src/domain/attribution.ts';
import type { LeadEvent, TouchEvent } from '../../../src/domain/lead-event.ts';
import { statuses, type Status } from '../../../src/domain/status.ts';
import { dateIn } from '../../support/time-zones.ts';

type Fact = {
  at: string;
  partnerId: string;
  offerId: string | null;
  refId: string | null;
  status: Status | null;
  what: 'touches' | 'conversions' | Status | { amount: number; currency: string };
};

type Query = StatsQuery & { from: string; to: string };

export async function recount(db: Knex, query: Query): Promise<{ rows: string[]; totals: Figures }> {
  const facts = (await readFacts(db)).filter(
    ({ at, partnerId }) => partnerId === query.partner_id && at >= query.from && at < query.to,
  );
  const rows = await Promise.all(
    keysOf(query, facts).map(async (key) => ({
      ...(await nameOf(db, query, key)),
      ...sum(facts.filter((fact) => keyOf(query, fact) === key)),
    })),
  );
  return { rows: rows.map((row) => JSON.stringify(row)).sort(), totals: sum(facts) };
}

function sum(facts: Fact[]): Figures {
  const figures: Figures = { touches: 0, conversions: 0, pending: 0, approved: 0, rejected: 0, reward: [] };
  for (const { what } of facts) {
    if (typeof what === 'string') {
      figures[what]++;
      continue;
    }
    const line = figures.reward.find(({ currency }) => currency === what.currency);
    if (line) line.amount += what.amount;
    else figures.reward.push({ ...what });
  }
  figures.reward.sort((a, b) => (a.currency < b.currency ? -1 : 1));
  return figures;
}

function keysOf({ group_by, from, to, time_zone }: Query, facts: Fact[]): (string | null)[] {
  if (group_by === 'status') return [null, ...statuses];
  if (group_by === 'day') {
    const days = new Set<string>();
    for (let at = Date.parse(from); at < Date.parse(to); at += 60_000) days.add(dateIn(time_zone, at));
    return [...days.add(dateIn(time_zone, Date.parse(to) - 1))];
  }
  return [...new Set(facts.map((fact) => keyOf({ group_by, time_zone }, fact)))];
}

function keyOf({ group_by, time_zone }: Pick<Query, 'group_by' | 'time_zone'>, fact: Fact): string | null {
  if (group_by === 'day') return dateIn(time_zone, fact.at);
  return { offer: fact.offerId, ref_id: fact.refId, status: fact.status }[group_by];
}

async function nameOf(db: Knex, { group_by }: Query, key: string | null): Promise<object> {
  if (group_by === 'day') return { day: key };
  if (group_by === 'ref_id') return { ref_id: key };
  if (group_by === 'status') return { status: key };
  const offer = key === null ? undefined : await db('offers').where({ offer_id: key }).first<{ name: string }>('name');
  return { offer_id: key, offer_name: offer?.name ?? null };
}

async function readFacts(db: Knex): Promise<Fact[]> {
  const leads = await db('lead_events').distinct<{ lead_id: string }[]>('lead_id');
  return (await Promise.all(leads.map(({ lead_id }) => readFactsOfLead(db, lead_id)))).flat();
}

async function readFactsOfLead(db: Knex, leadId: string): Promise<Fact[]> {
  const events = await readLeadEvents(db, { leadId, afterSeq: 0, limit: 1000 });
  const isTouch = (event: LeadEvent) => event.type === 'touch';
  const holderUpTo = (seq: number): Holder =>
    linkPartners(events.filter((event): event is TouchEvent => isTouch(event) && event.seq <= seq));
  const clicks = events.flatMap((event): Fact[] => {
    const { at } = event;
    if (event.type === 'touch') {
      const { partnerId, refId } = event;
      return [{ at, partnerId, offerId: null, refId, status: null, what: 'touches' }];
    }
    const holder = holderUpTo(event.seq);
    if (event.type === 'status' || !holder) return [];
    return [{ at, ...holder, offerId: event.offerId, status: null, what: 'conversions' }].map(
      ({ at, partnerId, offerId, refId, status }) => ({ at, partnerId, offerId, refId, status, what: 'conversions' }),
    );
  });
  return [...clicks, ...(await readResults(db, leadId, holderUpTo))];
}

async function readResults(db: Knex, leadId: string, holderUpTo: (seq: number) => Holder): Promise<Fact[]> {
  const settlements = await db('settlements as s')
    .join('conversions as c', 'c.conversion_id', 's.conversion_id')
    .where('s.lead_id', leadId)
    .whereNotNull('s.partner_id')
    .select<
      {
        conversion_id: string;
        seq: number;
        partner_id: string;
        touch_seq: number;
        at: string;
        offer_id: string;
        status: Status;
      }[]
    >('s.conversion_id', 's.seq', 's.partner_id', 's.touch_seq', 's.settled_at as at', 'c.offer_id', 's.status');
  return await Promise.all(
    settlements.map(async ({ conversion_id, seq, partner_id, touch_seq, at, offer_id, status }): Promise<Fact[]> => {
      const fact = {
        at,
        partnerId: partner_id,
        offerId: offer_id,
        refId: holderUpTo(touch_seq)?.refId ?? null,
        status,
      };
      const rewards = await db('reward_entries')
        .where({ conversion_id, seq })
        .select<{ at: string; amount: number; currency: string }[]>('at', 'amount', 'currency');
      return [
        { ...fact, what: status },
        ...rewards.map(({ amount, currency, ...reward }) => ({ ...fact, ...reward, what: { amount, currency } })),
      ];
    }),
  ).then((facts) => facts.flat());
}
