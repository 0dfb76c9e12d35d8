import type { ActiveOffer } from '../db/catalogue.ts';
import { compileOfferUrl } from '../domain/offer-url.ts';
import type { Log } from '../log.ts';

/** An offer as visitors meet it. */
export type CatalogueOffer = Omit<ActiveOffer, 'url'> & {
  /** The advertiser's URL for one conversion. */
  destination(conversionId: string): string;
};

/**
 * The offers that can be used, in their order. One URL that cannot be used any more, say by newer rules, must not keep
 * all others from being refreshed.
 */
export function prepareOffers(offers: readonly ActiveOffer[], log: Pick<Log, 'warn'> | undefined): CatalogueOffer[] {
  return offers.flatMap(({ url, ...offer }) => {
    try {
      return [{ ...offer, destination: compileOfferUrl(url, offer.offerId) }];
    } catch (err) {
      const { offerId } = offer;
      log?.warn({ err, offerId }, 'The URL of an offer cannot be used; the offer is left out until it is mended.');
      return [];
    }
  });
}
