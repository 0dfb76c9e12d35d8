import type { CatalogueContent } from '../db/catalogue.ts';
import { isPublicId } from '../domain/ids.ts';
import { AppError } from '../errors.ts';
import { inTime } from '../in-time.ts';
import type { Log } from '../log.ts';
import { prepareAdvertisers, type CatalogueAdvertiser } from './catalogue-advertiser.ts';
import { prepareOffers, selectOpen, type CatalogueOffer, type OpenOffers } from './catalogue-offer.ts';

export type Catalogue = {
  /** Loads the content and begins to follow it. Rejects when it cannot be loaded. */
  start(): Promise<void>;
  stop(): void;
  /** All active offers that are open, oldest first; the same array until the content changes or one of them opens. */
  offers(): readonly CatalogueOffer[];
  /**
   * Whether there is an active partner of this id. What is not in memory is looked for in newer content, unless no
   * partner could have such an id: a wrong path costs no look.
   * @throws AppError `unavailable` when the look fails
   */
  findPartner(partnerId: string): Promise<boolean>;
  /** An active offer of an active advertiser that is open, found in the same way. @throws AppError `unavailable` */
  findOffer(offerId: string): Promise<CatalogueOffer | undefined>;
  /**
   * An advertiser, active or not, found in the same way. What has changed about it is known after the next look at the
   * version. @throws AppError `unavailable`
   */
  findAdvertiser(advertiserId: string): Promise<CatalogueAdvertiser | undefined>;
  /** The same after a look at newer content, for a call that is not understood as things were. @throws AppError `unavailable` */
  findNewestAdvertiser(advertiserId: string): Promise<CatalogueAdvertiser | undefined>;
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
  /** Worked out anew when an offer opens again. */
  open: OpenOffers;
  advertisers: ReadonlyMap<string, CatalogueAdvertiser>;
};

// All misses of this time share one look at the version, so that guessed ids cannot become a query each.
const MISS_INTERVAL_MS = 50;
// A visitor waits for it, and then for a commit: three seconds in all.
const MISS_WITHIN_MS = 1000;

/** Partners, offers and advertisers in memory, so that a click reads no database and a status only what it changes. */
export function createCatalogue({ load, readVersion, pollIntervalMs, log }: CatalogueOptions): Catalogue {
  let content = prepare({ version: -1, partnerIds: [], offers: [], advertisers: [] }, log);
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
    offers: listOpenOffers,
    async findPartner(partnerId) {
      if (!content.partnerIds.has(partnerId) && isPublicId(partnerId)) await refreshAfterMiss();
      return content.partnerIds.has(partnerId);
    },
    async findOffer(offerId) {
      if (!content.offers.has(offerId) && isPublicId(offerId)) await refreshAfterMiss();
      const offer = content.offers.get(offerId);
      return offer && offer.closedUntilMs <= Date.now() ? offer : undefined;
    },
    async findAdvertiser(advertiserId) {
      if (!content.advertisers.has(advertiserId) && isPublicId(advertiserId)) await refreshAfterMiss();
      return content.advertisers.get(advertiserId);
    },
    async findNewestAdvertiser(advertiserId) {
      await refreshAfterMiss();
      return content.advertisers.get(advertiserId);
    },
  };

  /** An offer whose cap is used up opens by the clock: nobody changes the catalogue at that moment. */
  function listOpenOffers(): readonly CatalogueOffer[] {
    const nowMs = Date.now();
    if (nowMs >= content.open.untilMs) content.open = selectOpen(content.offerList, nowMs);
    return content.open.offers;
  }

  function schedulePoll(): void {
    if (isStopped) return;
    pollTimer = setTimeout(() => {
      void refresh()
        .catch((err: unknown) =>
          log?.warn({ err }, 'Partners, offers and advertisers could not be refreshed; the known ones stay.'),
        )
        .finally(schedulePoll);
    }, pollIntervalMs);
    pollTimer.unref();
  }

  /** Resolves when a look that began after this call has ended: what was committed before the miss is then known. */
  async function refreshAfterMiss(): Promise<void> {
    const refreshed = (nextMissRefresh ??= startMissRefresh());
    const message = 'The catalogue cannot be read at the moment; try again shortly.';
    const look = () =>
      refreshed.catch((cause: unknown) => {
        throw new AppError('unavailable', message, { cause });
      });
    await inTime(look, { withinMs: MISS_WITHIN_MS, message });
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

function prepare(
  { version, partnerIds, offers, advertisers }: CatalogueContent,
  log: CatalogueOptions['log'],
): Content {
  const offerList = prepareOffers(offers, log);
  return {
    version,
    partnerIds: new Set(partnerIds),
    offers: new Map(offerList.map((offer) => [offer.offerId, offer])),
    offerList,
    open: selectOpen(offerList, Date.now()),
    advertisers: new Map(
      prepareAdvertisers(advertisers, log).map((advertiser) => [advertiser.advertiserId, advertiser]),
    ),
  };
}
