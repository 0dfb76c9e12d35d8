import type { ActiveOffer, CatalogueContent } from '../db/catalogue.ts';
import { compileOfferUrl } from '../domain/offer-url.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';

export type CatalogueOffer = {
  offerId: string;
  advertiserId: string;
  advertiserName: string;
  name: string;
  description: string;
  /** The advertiser's URL for one conversion. */
  destination(conversionId: string): string;
};

export type Catalogue = {
  /** Loads the content and begins to follow it. Rejects when it cannot be loaded. */
  start(): Promise<void>;
  stop(): void;
  /** Whether there is an active partner of this id, from memory. */
  hasPartner(partnerId: string): boolean;
  /** An active offer of an active advertiser, from memory. */
  offer(offerId: string): CatalogueOffer | undefined;
  /** All active offers, oldest first; the same array until the content changes. */
  offers(): readonly CatalogueOffer[];
  /** Like `hasPartner`, but looks for newer content before it says no. @throws AppError `unavailable` */
  findPartner(partnerId: string): Promise<boolean>;
  /** Like `offer`, but looks for newer content before it says no. @throws AppError `unavailable` */
  findOffer(offerId: string): Promise<CatalogueOffer | undefined>;
};

export type CatalogueOptions = {
  load: () => Promise<CatalogueContent>;
  readVersion: () => Promise<number>;
  pollIntervalMs: number;
  log?: Pick<Log, 'warn'> | undefined;
};

type Content = {
  version: number;
  partnerIds: ReadonlySet<string>;
  offers: ReadonlyMap<string, CatalogueOffer>;
  offerList: readonly CatalogueOffer[];
};

// All misses of this time share one look at the version, so that guessed ids cannot become a query each.
const MISS_INTERVAL_MS = 50;

/** Partners and offers in memory, so that a click reads no database. */
export function createCatalogue({ load, readVersion, pollIntervalMs, log }: CatalogueOptions): Catalogue {
  let content: Content = { version: -1, partnerIds: new Set(), offers: new Map(), offerList: [] };
  let pollTimer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let refreshing: Promise<void> = Promise.resolve();
  let missPause: Promise<void> = Promise.resolve();
  let nextMissRefresh: Promise<void> | undefined;

  return {
    async start() {
      content = prepare(await load(), log);
      schedulePoll();
    },
    stop() {
      isStopped = true;
      clearTimeout(pollTimer);
    },
    hasPartner: (partnerId) => content.partnerIds.has(partnerId),
    offer: (offerId) => content.offers.get(offerId),
    offers: () => content.offerList,
    async findPartner(partnerId) {
      if (!content.partnerIds.has(partnerId)) await refreshAfterMiss();
      return content.partnerIds.has(partnerId);
    },
    async findOffer(offerId) {
      if (!content.offers.has(offerId)) await refreshAfterMiss();
      return content.offers.get(offerId);
    },
  };

  function schedulePoll(): void {
    if (isStopped) return;
    pollTimer = setTimeout(() => {
      void refresh()
        .catch((err: unknown) => log?.warn({ err }, 'Partners and offers could not be refreshed; the known ones stay.'))
        .finally(schedulePoll);
    }, pollIntervalMs);
    pollTimer.unref();
  }

  /** Resolves when a look that began after this call has ended: what was committed before the miss is then known. */
  async function refreshAfterMiss(): Promise<void> {
    nextMissRefresh ??= startMissRefresh();
    try {
      await nextMissRefresh;
    } catch (cause) {
      throw new AppError('unavailable', 'The catalogue cannot be read at the moment; try again shortly.', { cause });
    }
  }

  async function startMissRefresh(): Promise<void> {
    await missPause;
    nextMissRefresh = undefined;
    missPause = new Promise((resolve) => setTimeout(resolve, MISS_INTERVAL_MS));
    await refresh();
  }

  /** One look at a time, so that an older one never replaces what a newer one has seen. */
  function refresh(): Promise<void> {
    const refreshed = refreshing.then(lookForNewerContent);
    refreshing = refreshed.catch(() => undefined);
    return refreshed;
  }

  async function lookForNewerContent(): Promise<void> {
    if ((await readVersion()) !== content.version) content = prepare(await load(), log);
  }
}

function prepare({ version, partnerIds, offers }: CatalogueContent, log: CatalogueOptions['log']): Content {
  const offerList = offers.flatMap((offer) => prepareOffer(offer, log));
  return {
    version,
    partnerIds: new Set(partnerIds),
    offers: new Map(offerList.map((offer) => [offer.offerId, offer])),
    offerList,
  };
}

/** One URL that cannot be used any more, say by newer rules, must not keep all others from being refreshed. */
function prepareOffer(offer: ActiveOffer, log: CatalogueOptions['log']): CatalogueOffer[] {
  const { url, ...shown } = offer;
  try {
    return [{ ...shown, destination: compileOfferUrl(url, offer.offerId) }];
  } catch (err) {
    log?.warn(
      { err, offerId: offer.offerId },
      'The URL of an offer cannot be used; the offer is left out until it is mended.',
    );
    return [];
  }
}
