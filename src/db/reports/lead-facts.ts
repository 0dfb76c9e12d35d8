import type { Knex } from 'knex';
import { linkPartners, type Holder } from '../../domain/attribution.ts';
import type { LeadEvent, TouchEvent } from '../../domain/lead-event.ts';
import { readDroppedTouches, type DroppedTouches } from '../retention/dropped-touches.ts';
import { LEAD_EVENT_COLUMNS, readDecidingTouches, toLeadEvent, type LeadEventRow } from '../lead-events.ts';
import { readConversionFacts, type ConversionFacts } from './conversion-facts.ts';
import { inOneSnapshot } from './snapshot.ts';

/** What a story is made of, as it was at one moment: facts of the lead, some of its events, and their conversions. */
export type StoryFacts = ConversionFacts & {
  leadId: string;
  createdAt: string;
  lastSeq: number;
  /** ISO 8601 time of the last touch or conversion. */
  lastActivityAt: string;
  /** Who holds the lead now. */
  holder: Holder;
  /** In order; those of a lead's page follow each other, those of a conversion are its own and touches around them. */
  events: LeadEvent[];
  /** Who held the lead before the first touch among `events`. */
  holderBefore: Holder;
  /** The beginning of unusable ref_ids, by the seq of their touch. */
  refIdSamples: Record<number, string>;
  /** The touches that decided who held the lead when a status came, by the seq of the status. */
  decidingTouches: ReadonlyMap<number, TouchEvent[]>;
  /** The partners who came first, each with the seq of its first touch. */
  partners: { partnerId: string; firstSeq: number }[];
  /** Further partners may have come: of touches that were dropped, or of more than anyone reads. */
  mayLackPartners: boolean;
  /** What the lead lacks; null when all its touches are there. */
  droppedTouches: DroppedTouches | null;
};

type Lead = Pick<StoryFacts, 'leadId' | 'createdAt' | 'lastSeq' | 'lastActivityAt'>;
type EventRow = LeadEventRow & { ref_id_sample: string | null };
type Told = { rows: EventRow[]; facts: ConversionFacts };

const MAX_PARTNERS = 20;
const MAX_TOUCHES = 200;
// Among so many of a lead's first touches partners are looked for.
const MAX_TOUCHES_OF_PARTNERS = 20_000;

/**
 * Up to `limit` events of a lead after `afterSeq`, with all of their conversions; undefined when there is no such lead.
 * @param page `latest`: those with the highest numbers
 */
export async function readLeadFacts(
  db: Knex,
  leadId: string,
  { afterSeq, limit }: { afterSeq: number | 'latest'; limit: number },
): Promise<StoryFacts | undefined> {
  return await inOneSnapshot(db, async (trx) => {
    const lead = await readLead(trx, leadId);
    if (!lead) return undefined;
    const after = afterSeq === 'latest' ? lead.lastSeq - limit : afterSeq;
    const rows = await eventsOf(trx, leadId).where('seq', '>', after).orderBy('seq').limit(limit);
    const conversionIds = new Set(rows.flatMap((row) => (row.type === 'touch' ? [] : [row.conversion_id])));
    return await completeFacts(trx, lead, { rows, facts: await readConversionFacts(trx, [...conversionIds]) });
  });
}

/** A conversion, and the touches of its lead that decided who wins it; undefined when there is no such conversion. */
export async function readFactsOfConversion(db: Knex, conversionId: string): Promise<StoryFacts | undefined> {
  return await inOneSnapshot(db, async (trx) => {
    const facts = await readConversionFacts(trx, [conversionId]);
    const [conversion] = facts.conversions;
    const lead = conversion && (await readLead(trx, conversion.lead_id));
    if (!lead) return undefined;
    const approval = facts.statuses.find(({ status }) => status === 'approved');
    const decision = approval ?? facts.statuses.at(-1);
    const touches = await readTouchesAround(trx, lead.leadId, decision?.seq ?? lead.lastSeq + 1);
    const own = await eventsOf(trx, lead.leadId).whereIn('seq', [
      conversion.seq,
      ...facts.statuses.map((status) => status.seq),
    ]);
    const rows = [...touches.rows, ...own].sort((a, b) => a.seq - b.seq);
    const isWhole = facts.isWhole && touches.isWhole;
    return await completeFacts(trx, lead, { rows, facts: { ...facts, isWhole } });
  });
}

/** The lead that a conversion belongs to; undefined when there is no such conversion. */
export async function findLeadOfConversion(db: Knex, conversionId: string): Promise<string | undefined> {
  const row = await db('conversions')
    .where({ conversion_id: conversionId })
    .first<{ lead_id: string } | undefined>('lead_id');
  return row?.lead_id;
}

async function readLead(trx: Knex, leadId: string): Promise<Lead | undefined> {
  return await trx('leads')
    .where({ lead_id: leadId })
    .select({ leadId: 'lead_id', createdAt: 'created_at', lastSeq: 'last_seq', lastActivityAt: 'last_activity_at' })
    .first<Lead | undefined>();
}

function eventsOf(trx: Knex, leadId: string): Knex.QueryBuilder<EventRow, EventRow[]> {
  return trx<EventRow>('lead_events')
    .where({ lead_id: leadId })
    .select<EventRow[]>([...LEAD_EVENT_COLUMNS, 'ref_id_sample']);
}

/** What lies nearest before event `seq`, and after it as far as there is room. */
async function readTouchesAround(
  trx: Knex,
  leadId: string,
  seq: number,
): Promise<{ rows: EventRow[]; isWhole: boolean }> {
  const touches = () => eventsOf(trx, leadId).where({ type: 'touch' });
  const before = await touches()
    .where('seq', '<', seq)
    .orderBy('seq', 'desc')
    .limit(MAX_TOUCHES + 1);
  const room = Math.max(0, MAX_TOUCHES - before.length);
  const after = await touches()
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(room + 1);
  const isWhole = before.length <= MAX_TOUCHES && after.length <= room;
  return { rows: [...before.slice(0, MAX_TOUCHES), ...after.slice(0, room)], isWhole };
}

async function completeFacts(trx: Knex, lead: Lead, { rows, facts }: Told): Promise<StoryFacts> {
  const { leadId } = lead;
  const end = lead.lastSeq + 1;
  const begin = rows.find(({ type }) => type === 'touch')?.seq ?? end;
  const seqs = [begin, end, ...facts.statuses.map((status) => status.seq)];
  const touches = await readDecidingTouches(trx, { leadId, seqs });
  const holderAt = (seq: number) => linkPartners(touches.get(seq) ?? []);
  const samples = rows.flatMap(({ seq, ref_id_sample: sample }) => (sample === null ? [] : [[seq, sample] as const]));
  const droppedTouches = (await readDroppedTouches(trx, leadId)) ?? null;
  const { partners, areAll } = await readPartners(trx, leadId);
  return {
    ...lead,
    ...facts,
    holder: holderAt(end),
    events: rows.map(toLeadEvent),
    holderBefore: holderAt(begin),
    refIdSamples: Object.fromEntries(samples),
    decidingTouches: touches,
    partners,
    mayLackPartners: !areAll || droppedTouches !== null,
    droppedTouches,
  };
}

async function readPartners(trx: Knex, leadId: string): Promise<{ partners: StoryFacts['partners']; areAll: boolean }> {
  const { rows } = await trx.raw<{ rows: (StoryFacts['partners'][number] & { touches: number })[] }>(
    `select partner_id as "partnerId", min(seq) as "firstSeq", sum(count(*)) over ()::int as touches
     from (
       select partner_id, seq from lead_events where lead_id = :leadId and type = 'touch' order by seq limit :touches
     ) first_touches
     group by partner_id order by "firstSeq" limit :partners`,
    { leadId, touches: MAX_TOUCHES_OF_PARTNERS, partners: MAX_PARTNERS },
  );
  const partners = rows.map(({ partnerId, firstSeq }) => ({ partnerId, firstSeq }));
  return { partners, areAll: (rows[0]?.touches ?? 0) < MAX_TOUCHES_OF_PARTNERS };
}
