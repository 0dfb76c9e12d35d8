import { setTimeout as delay } from 'node:timers/promises';
import type { Callers } from './callers.ts';
import type { Journal } from './journal.ts';
import type { TrialNetwork } from './network.ts';
import type { Random } from './random.ts';

type VisitorsOptions = {
  callers: Callers;
  network: TrialNetwork;
  journal: Journal;
  random: Random;
  clicksPerSecond: number;
  /** True while nobody is to come. */
  mustWait: () => boolean;
  onConversion: (conversionId: string, offerId: string) => void;
};

/** Knows its lead by the cookie, as a browser does. It makes its clicks one after the other. */
type Visitor = { cookie: string | undefined; isBusy: boolean; latestConversion: string | null };

/** What a visitor is about to do: a partner's link, an offer, or both. */
type Visit = { touch: { partnerId: string; refId: string | null } | null; offerId: string | null };

const SECOND_MS = 1000;
// Of the visitors so far, so many of the latest come back.
const MAX_KNOWN = 300;
const MAX_UNDER_WAY = 100;
const RIVAL_SHARE = 0.6;

export type Visitors = {
  /** The visitor of this conversion comes by another link soon, if it is one of the latest. */
  bringBack(conversionId: string): void;
  stop(): Promise<void>;
};

/** Sends visitors until it is stopped; those under way end first. */
export function startVisitors({ callers, network, journal, random, ...options }: VisitorsOptions): Visitors {
  const known: Visitor[] = [];
  const calledBack: Visitor[] = [];
  const underWay = new Set<Promise<void>>();
  const partnerIds = Object.values(network.partnerIds);
  const closable = new Set(
    network.offers.filter(({ beyond }) => beyond === 'close_offer').map(({ offerId }) => offerId),
  );
  const stopping = new AbortController();
  let refIds = 0;
  const sending = send();

  return {
    bringBack(conversionId) {
      const visitor = known.find((each) => each.latestConversion === conversionId);
      if (visitor && random.chance(RIVAL_SHARE)) calledBack.push(visitor);
    },
    async stop() {
      stopping.abort();
      await sending;
      await Promise.all(underWay);
    },
  };

  async function send(): Promise<void> {
    while (!stopping.signal.aborted) {
      await delay(SECOND_MS / options.clicksPerSecond);
      if (underWay.size >= MAX_UNDER_WAY) continue;
      const calledOne = takeCalledBack();
      if (calledOne === undefined && options.mustWait()) continue;
      const { visitor, plan } = calledOne
        ? { visitor: calledOne, plan: { touch: drawTouch(), offerId: null } }
        : planVisit();
      visitor.isBusy = true;
      const click = visit(visitor, plan).finally(() => {
        visitor.isBusy = false;
        underWay.delete(click);
      });
      underWay.add(click);
    }
  }

  /** They are few, and what they do cannot wait. */
  function takeCalledBack(): Visitor | undefined {
    const index = calledBack.findIndex(({ isBusy }) => !isBusy);
    return index < 0 ? undefined : calledBack.splice(index, 1)[0];
  }

  function planVisit(): { visitor: Visitor; plan: Visit } {
    const visitor = pickVisitor();
    return { visitor, plan: drawVisit(visitor) };
  }

  function pickVisitor(): Visitor {
    const idle = known.filter(({ isBusy }) => !isBusy);
    if (idle.length > 0 && random.chance(0.45)) return random.pick(idle);
    return { cookie: undefined, isBusy: false, latestConversion: null };
  }

  function drawVisit(visitor: Visitor): Visit {
    const touch = drawTouch();
    const { offerId } = random.pick(network.offers);
    const draw = random.next();
    if (visitor.cookie === undefined) {
      // The last ones come to the house's own wall.
      if (draw < 0.75) return { touch, offerId };
      return draw < 0.9 ? { touch, offerId: null } : { touch: null, offerId };
    }
    if (draw < 0.5) return { touch, offerId: null };
    return draw < 0.75 ? { touch, offerId } : { touch: null, offerId };
  }

  function drawTouch(): { partnerId: string; refId: string | null } {
    return { partnerId: random.pick(partnerIds), refId: random.chance(0.8) ? newRefId() : null };
  }

  function newRefId(): string {
    return `r${Date.now().toString(36)}-${++refIds}`;
  }

  async function visit(visitor: Visitor, { touch, offerId }: Visit): Promise<void> {
    const headers: Record<string, string> = visitor.cookie === undefined ? {} : { cookie: `lead=${visitor.cookie}` };
    const answer = await callers.get(pathOf({ touch, offerId }), headers);
    if (answer === undefined || answer.status === 503) return;
    const { status, cookie, location } = answer;
    const isClosed = status === 404 && closable.has(offerId ?? '');
    if (isClosed) journal.add({ type: 'closed', offerId: offerId ?? '' });
    if (isClosed && touch === null) return;
    if (!(isClosed || status === (offerId === null ? 200 : 302)) || cookie === undefined) {
      return journal.add({ type: 'odd', what: `a click was answered with ${status}: ${answer.body.slice(0, 200)}` });
    }
    const leadId = cookie.split('.')[0] ?? '';
    const conversionId = offerId === null || isClosed ? null : new URL(location).searchParams.get('click');
    journal.add({ type: 'click', leadId, touch, conversionId });
    if (visitor.cookie === undefined) known.push(visitor);
    if (known.length > MAX_KNOWN) known.shift();
    visitor.cookie = cookie;
    if (conversionId === null || offerId === null) return;
    visitor.latestConversion = conversionId;
    options.onConversion(conversionId, offerId);
  }
}

function pathOf({ touch, offerId }: Visit): string {
  if (touch === null) return `/go/${offerId}`;
  const query = new URLSearchParams();
  if (touch.refId !== null) query.set('ref_id', touch.refId);
  if (offerId !== null) query.set('offer_id', offerId);
  return `/${touch.partnerId}/?${query.toString()}`;
}
