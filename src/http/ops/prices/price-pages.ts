import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { asActor } from '../../../db/audit.ts';
import { listOffers, readOffer, type Offer } from '../../../db/offers.ts';
import { readOfferCap, setOfferCap, type OfferCapRecord } from '../../../db/prices/offer-caps.ts';
import { createPriceList, listPriceLists } from '../../../db/prices/price-lists.ts';
import { previewPriceList, type PricePreview } from '../../../db/prices/price-previews.ts';
import { readPriceStandings } from '../../../db/prices/price-standing.ts';
import { AppError } from '../../../errors.ts';
import { leadBack } from '../../console/console-pages.ts';
import { refusalOf, textIn } from '../../console/form.ts';
import { visitOf } from '../../console/session/visit.ts';
import { capSchema, toCap } from '../../fields/price-schemas.ts';
import { readWith, refuseFields } from '../../fields/read-with.ts';
import { addDays, isDay } from '../../pages/console/days.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { pricesAt } from '../addresses.ts';
import { mayOf } from '../ops-page.ts';
import { draftOf, formOfList, readDraftForm, type DraftForm } from './draft-form.ts';
import { sendDraft } from './draft-page.ts';
import { sendOfferPrices, type CapForm } from './offer-prices-page.ts';
import { sendPriceList } from './price-list-page.ts';

const PATH = '/ops/prices';
const PAGE = 50;
const MAX_ID = 64;

/** What offers bring and how many they take: seeing it, drafting a list with a preview, and capping. */
export function addPricePages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/prices', async (req, res) => {
    const after = firstOf(readQuery(req.url).after)?.slice(0, MAX_ID);
    const found = await listOffers(db, { limit: PAGE + 1, after });
    const offers = found.slice(0, PAGE);
    const standings = await readPriceStandings(
      db,
      offers.map((offer) => offer.offer_id),
    );
    const last = offers.at(-1)?.offer_id ?? '';
    sendPriceList(res, {
      rows: offers.map((offer) => ({ offer, standing: standings.get(offer.offer_id) })),
      first: after === undefined ? undefined : PATH,
      next: found.length > PAGE ? `${PATH}?after=${encodeURIComponent(last)}` : undefined,
    });
  });

  routes.get('/prices/:id', async (req, res) => show(res, await find(req.params.id)));

  routes.get('/prices/:id/new', needs('operate'), async (req, res) => {
    const offer = await find(req.params.id);
    const partnerId = firstOf(readQuery(req.url).partner_id) ?? '';
    await showDraft(res, offer, { form: await beginDraft(res, offer, partnerId.slice(0, MAX_ID)) });
  });

  routes.post('/prices/:id/preview', needs('operate'), async (req, res) => {
    await showDraft(res, await find(req.params.id), { form: readDraftForm(req.body) });
  });

  routes.post('/prices/:id', needs('admin'), async (req, res) => {
    const offer = await find(req.params.id);
    const form = readDraftForm(req.body);
    try {
      const draft = draftOf(form, offer.reward.currency);
      const made = await asActor(db, actorOf(res), (trx) => createPriceList(trx, offer.offer_id, draft));
      const state = made?.state === 'coming' ? 'It begins when it says.' : 'It applies from now on.';
      leadBack(res, pricesAt(offer.offer_id), `Made: version ${made?.version}. ${state}`);
    } catch (error) {
      await showDraft(res, offer, { form, ...withFormFields(refusalOf(error)) });
    }
  });

  routes.post('/prices/:id/cap', needs('admin'), async (req, res) => {
    const offer = await find(req.params.id);
    const form = readCapForm(req.body);
    try {
      const cap = toCap(readWith(capSchema, contentOf(form)));
      await asActor(db, actorOf(res), (trx) => setOfferCap(trx, offer.offer_id, cap));
      leadBack(res, pricesAt(offer.offer_id), 'Saved. It counts all that was approved so far.');
    } catch (error) {
      await show(res, offer, { form, ...refusalOf(error) });
    }
  });

  routes.post('/prices/:id/cap/remove', needs('admin'), async (req, res) => {
    const offer = await find(req.params.id);
    await asActor(db, actorOf(res), (trx) => setOfferCap(trx, offer.offer_id, null));
    leadBack(res, pricesAt(offer.offer_id), 'Removed: the offer takes as many conversions as come.');
  });

  async function find(offerId: string): Promise<Offer> {
    const offer = await readOffer(db, offerId);
    if (!offer) throw new AppError('unknown', `There is no offer ${offerId}.`);
    return offer;
  }

  async function show(
    res: Response,
    offer: Offer,
    shown: { status?: number; form?: CapForm; errors?: Record<string, string> } = {},
  ): Promise<void> {
    const { offer_id: offerId } = offer;
    const standing = (await readPriceStandings(db, [offerId])).get(offerId);
    if (!standing) throw new Error(`Offer ${offerId} has gone.`);
    const cap = (await readOfferCap(db, offerId)) ?? null;
    const { status = 200, form = formOfCap(cap, visitOf(res).timeZone), errors = {} } = shown;
    const lists = await listPriceLists(db, offerId);
    sendOfferPrices(res, status, { offer, lists, standing, cap, form, errors, may: mayOf(res) });
  }

  /** A draft goes on from what applies now. */
  async function beginDraft(res: Response, offer: Offer, partnerId: string): Promise<DraftForm> {
    const { reward } = offer;
    const current = (await readPriceStandings(db, [offer.offer_id])).get(offer.offer_id)?.list;
    if (current) return formOfList({ ...current, time_zone: current.timeZone }, { partnerId });
    const tiers = [{ from: 0, amount: reward.amount }];
    const usual = { counts: 'advertiser', period: 'month', time_zone: visitOf(res).timeZone } as const;
    return formOfList({ tiers, ...usual, currency: reward.currency }, { partnerId });
  }

  async function showDraft(
    res: Response,
    offer: Offer,
    shown: { form: DraftForm; status?: number; errors?: Record<string, string> },
  ): Promise<void> {
    const { form, status = 200, errors = {} } = shown;
    const { preview, errors: previewErrors } = await previewOf(offer, form);
    const all = { ...previewErrors, ...errors };
    sendDraft(res, status, { offer, form, errors: all, preview, may: mayOf(res) });
  }

  async function previewOf(
    offer: Offer,
    form: DraftForm,
  ): Promise<{ preview: PricePreview | undefined; errors: Record<string, string> }> {
    try {
      const draft = draftOf(form, offer.reward.currency);
      const preview = await previewPriceList(db, offer.offer_id, { draft, ...rangeOf(form), byPartner: true });
      return { preview, errors: {} };
    } catch (error) {
      return { preview: undefined, errors: withFormFields(refusalOf(error)).errors };
    }
  }
}

/** @throws AppError `invalid` for what is no day */
function rangeOf({ preview_from: from, preview_to: to }: DraftForm): { from?: string; to?: string } {
  const problems = Object.entries({ from, to })
    .filter(([, day]) => day !== '' && !isDay(day))
    .map(([field]) => ({ field, message: 'must be a day, such as 2026-01-31' }));
  if (problems.length > 0) throw refuseFields(problems);
  // The last day is included.
  return { ...(from !== '' && { from }), ...(to !== '' && { to: addDays(to, 1) }) };
}

function withFormFields<Refused extends { errors: Record<string, string> }>(refused: Refused): Refused {
  const { effective_from: starts, ...errors } = refused.errors;
  return { ...refused, errors: starts === undefined ? errors : { ...errors, starts } };
}

function readCapForm(body: unknown): CapForm {
  const textOf = (name: string) => textIn(body, name).trim();
  return { day: textOf('day'), total: textOf('total'), time_zone: textOf('time_zone'), beyond: textOf('beyond') };
}

function formOfCap(cap: OfferCapRecord | null, timeZone: string): CapForm {
  if (!cap) return { day: '', total: '', time_zone: timeZone, beyond: 'pay_nothing' };
  return {
    day: String(cap.day ?? ''),
    total: String(cap.total ?? ''),
    time_zone: cap.timeZone,
    beyond: cap.beyond,
  };
}

/** What is no whole number stays text, so that it is refused by name. */
function contentOf({ day, total, time_zone, beyond }: CapForm): object {
  const numberIn = (text: string) => (text === '' ? null : /^\d{1,10}$/.test(text) ? Number(text) : text);
  return { day: numberIn(day), total: numberIn(total), time_zone, beyond };
}
