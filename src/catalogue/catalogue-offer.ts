import type { ActiveOffer } from '../db/catalogue.ts';
import { compileOfferUrl } from '../domain/offer-url.ts';
import type { Log } from '../log.ts';

/** An offer as visitors meet it. */
export type CatalogueOffer = Omit<ActiveOffer, 'url' | 'closedUntil'> & {
  /** Its cap is used up until then; 0 when it is open. */
  closedUntilMs: number;
  /** The advertiser's URL for one conversion. */
  destination(conversionId: string): string;
};

/**
 * The offers that can be used, in their order. One URL that cannot be used any more, say by newer rules, must not keep
 * all others from being refreshed.
 */
export function prepareOffers(offers: readonly ActiveOffer[], log: Pick<Log, 'warn'> | undefined): CatalogueOffer[] {
  return offers.flatMap(({ url, closedUntil, ...offer }) => {
    try {
      const closedUntilMs = closedUntil === null ? 0 : Date.parse(closedUntil);
      return [{ ...offer, closedUntilMs, destination: compileOfferUrl(url, offer.offerId) }];
    } catch (err) {
      const { offerId } = offer;
      log?.warn({ err, offerId }, 'The URL of an offer cannot be used; the offer is left out until it is mended.');
      return [];
    }
  });
}

/** Those that are open at a moment, and the moment at which one more opens; Infinity when none will. */
export type OpenOffers = { offers: readonly CatalogueOffer[]; untilMs: number };

export function selectOpen(offers: readonly CatalogueOffer[], nowMs: number): OpenOffers {
  const closed = offers.filter(({ closedUntilMs }) => closedUntilMs > nowMs);
  return {
    offers: closed.length === 0 ? offers : offers.filter((offer) => !closed.includes(offer)),
    untilMs: Math.min(...closed.map(({ closedUntilMs }) => closedUntilMs)),
  };
}
