import type { Express, Request, Response } from 'express';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { CatalogueOffer } from '../../catalogue/catalogue-offer.ts';
import type { Click } from '../../db/clicks.ts';
import type { ClickIntake } from '../../intake/click.ts';
import type { Visit, VisitTraces } from '../../intake/visit-traces.ts';
import type { LeadTokens } from '../../intake/lead-token.ts';
import { readTouch } from '../../intake/touch.ts';
import { knownBot } from '../../domain/bots.ts';
import { reservedWords } from '../../domain/ids.ts';
import { newConversionId } from '../../new-ids.ts';
import type { Pages } from './pages.ts';
import { firstOf, readQuery } from '../protocol/query.ts';
import { createLeadCookie, isPrefetch, readLeadCookies } from './visit.ts';

export type ClickDeps = {
  catalogue: Catalogue;
  clicks: Pick<ClickIntake, 'record' | 'recordBotVisit'>;
  leadTokens: LeadTokens;
  traces: Pick<VisitTraces, 'note'>;
  publicUrl: string;
  windowMs: number;
};

// Stands where a conversion's id would, in the answer to a HEAD.
const NO_CONVERSION = 'none';

const reserved: ReadonlySet<string> = new Set(reservedWords);

/**
 * The way of a visitor. These routes must be the first of the app: a redirect costs a few microseconds here, and each
 * middleware before it would cost as much again.
 */
export function addClickRoutes(app: Express, pages: Pages, deps: ClickDeps): void {
  const { catalogue, clicks, leadTokens, traces } = deps;
  const writeLeadCookie = createLeadCookie({
    windowMs: deps.windowMs,
    isSecure: deps.publicUrl.startsWith('https:'),
  });

  app.get('/:partnerId', (req, res, next) => {
    if (reserved.has(req.params.partnerId)) return next();
    return visitPartner(req, res, req.params.partnerId);
  });
  app.get('/go/:offerId', (req, res) => goToOffer(req, res, req.params.offerId));
  // Slashes too many are what links get by being put together; only what met no other route pays for these looks.
  app.get(/^\/+go\/+([^/]+)\/*$/i, (req, res) => goToOffer(req, res, req.params[0] ?? ''));
  app.get(/^\/+([^/]+)\/*$/, (req, res, next) => {
    const partnerId = req.params[0] ?? '';
    return reserved.has(partnerId) ? next() : visitPartner(req, res, partnerId);
  });
  // The house's own visitors: nothing is recorded, because no partner has anything to gain or to lose (R4).
  app.get('/', (_req, res) => pages.sendWall(res, 200));

  /** R1: a touch, and with an offer a conversion too. */
  async function visitPartner(req: Request, res: Response, givenId: string): Promise<void> {
    if (isPrefetch(req.headers)) return pages.refusePrefetch(res);
    const partnerId = await findPartnerId(givenId);
    if (partnerId === undefined) return pages.sendWall(res, 404, { notice: 'unknown_link' });

    const query = readQuery(req.url);
    const offerId = firstOf(query.offer_id);
    const offer = offerId === undefined ? undefined : await findOffer(offerId);
    if (req.method === 'HEAD') return answerHead(res, offerId, offer);

    const bot = knownBot(req.headers['user-agent']);
    if (bot !== undefined) {
      await clicks.recordBotVisit({ partnerId, bot });
      return pages.sendWall(res, 200);
    }

    const knownLeadId = findLeadOfCookie(req);
    const touch = readTouch(partnerId, firstOf(query.ref_id));
    if (offer) return redirect(res, await convert(req, { knownLeadId, touch, offer }));
    const leadId = await clicks.record({ leadId: knownLeadId, touch, conversion: null });
    traces.note(() => look(req, { leadId, conversionId: null, partnerId, byLink: false }));
    res.setHeader('set-cookie', writeLeadCookie(leadTokens.cookie.issue(leadId)));
    const token = leadTokens.link.issue(leadId);
    // The visit counts even if its offer is gone: the partner has sent a person.
    if (offerId !== undefined) return pages.sendWall(res, 404, { token, notice: 'unknown_offer' });
    return pages.sendWall(res, 200, { token });
  }

  /**
   * R2: the visitor's own cookie wins. The token of the link counts only without one, so that the wall works without
   * cookies, and never becomes a cookie: whoever publishes such a link must not gain its readers' later conversions.
   * A lead that nobody knows is held by the house.
   */
  async function goToOffer(req: Request, res: Response, offerId: string): Promise<void> {
    if (isPrefetch(req.headers)) return pages.refusePrefetch(res);
    const offer = await findOffer(offerId);
    const ownLeadId = findLeadOfCookie(req);
    const givenToken = firstOf(readQuery(req.url).lead);
    const leadIdOfLink = ownLeadId === undefined ? leadTokens.link.read(givenToken) : undefined;
    if (!offer) return pages.sendWall(res, 404, { token: tokenForLinks(), notice: 'unknown_offer' });
    if (req.method === 'HEAD') return answerHead(res, offerId, offer);
    if (knownBot(req.headers['user-agent']) !== undefined) return pages.sendWall(res, 200);
    const { location, cookie } = await convert(req, {
      knownLeadId: ownLeadId ?? leadIdOfLink,
      isByLink: leadIdOfLink !== undefined,
      ...{ touch: null, offer },
    });
    redirect(res, { location, cookie: leadIdOfLink === undefined ? cookie : undefined });

    /** A token that came by a link is passed on as it is: a new one would let it live for ever. */
    function tokenForLinks(): string | undefined {
      if (ownLeadId !== undefined) return leadTokens.link.issue(ownLeadId);
      return leadIdOfLink === undefined ? undefined : givenToken;
    }
  }

  /** Ids are lower-case; a link that was written in capitals is still its partner's, and leads to its offer. */
  async function findPartnerId(givenId: string): Promise<string | undefined> {
    const partnerId = givenId.toLowerCase();
    return (await catalogue.findPartner(partnerId)) ? partnerId : undefined;
  }

  async function findOffer(givenId: string): Promise<CatalogueOffer | undefined> {
    return await catalogue.findOffer(givenId.toLowerCase());
  }

  /** The lead of the first cookie that is valid. */
  function findLeadOfCookie({ headers }: Request): string | undefined {
    for (const token of readLeadCookies(headers)) {
      const leadId = leadTokens.cookie.read(token);
      if (leadId !== undefined) return leadId;
    }
    return undefined;
  }

  /** Resolves once the conversion is committed, with where it leads and the cookie of its lead. */
  async function convert(req: Request, { knownLeadId, touch, offer, isByLink = false }: Converting): Promise<Redirect> {
    const conversionId = newConversionId();
    const { offerId, advertiserId } = offer;
    const conversion = { conversionId, offerId, advertiserId };
    const leadId = await clicks.record({ leadId: knownLeadId, touch, conversion });
    const partnerId = touch?.partnerId ?? null;
    traces.note(() => look(req, { leadId, conversionId, partnerId, byLink: isByLink }));
    return { location: offer.destination(conversionId), cookie: writeLeadCookie(leadTokens.cookie.issue(leadId)) };
  }

  /** Answers like GET but records nothing; the redirect names no conversion because there is none. */
  function answerHead(res: Response, offerId: string | undefined, offer: CatalogueOffer | undefined): void {
    if (offer) return redirect(res, { location: offer.destination(NO_CONVERSION), cookie: undefined });
    return offerId === undefined ? pages.sendWall(res, 200) : pages.sendWall(res, 404, { notice: 'unknown_offer' });
  }
}

type Converting = {
  knownLeadId: string | undefined;
  touch: Click['touch'];
  offer: CatalogueOffer;
  /** The lead comes from the token of a link. */
  isByLink?: boolean;
};

type Redirect = { location: string; cookie: string | undefined };

function redirect(res: Response, { location, cookie }: Redirect): void {
  const headers = { location, 'cache-control': 'no-store', 'content-length': 0 };
  res.writeHead(302, cookie === undefined ? headers : { ...headers, 'set-cookie': cookie }).end();
}

/** What a click looked like, for fraud flags. */
function look(req: Request, click: Pick<Visit, 'leadId' | 'conversionId' | 'partnerId' | 'byLink'>): Visit {
  const { 'user-agent': userAgent, 'sec-fetch-dest': destination } = req.headers;
  return {
    ...click,
    address: req.ip,
    userAgent,
    destination: destination === undefined ? undefined : String(destination),
  };
}
