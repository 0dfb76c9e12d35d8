import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { readOffer } from '../../../../db/offers.ts';
import { readPartner } from '../../../../db/partners.ts';
import { createRedelivery, readRedeliveryRefusal } from '../../../../db/replays/redelivery.ts';
import { readReplay } from '../../../../db/replays/replays.ts';
import { listPartnerPostbacks, readPartnerPostback } from '../../../../db/reports/partner-postbacks.ts';
import { AppError } from '../../../../errors.ts';
import { tellState, viewListedPostback, viewPartnerPostback } from '../../../../stories/partner-postback.ts';
import { writeCursor } from '../../../protocol/cursor.ts';
import { firstOf, readQuery } from '../../../protocol/query.ts';
import { readListFilters } from '../../../console/list-filters.ts';
import { showRedelivery } from '../../../console/redelivery.ts';
import { visitOf } from '../../../console/session/visit.ts';
import { sessionOf } from '../partner-session.ts';
import { notYours } from '../../not-yours.ts';
import { findByAnyId, logFilters } from './delivery-filters.ts';
import { sendDeliveryList } from './delivery-list-page.ts';
import { sendDelivery, type DeliveryData } from './delivery-page.ts';
import { offerRedelivery, ruleBehind, tellLastAnswer, tellRedelivery } from './delivery-view.ts';
import { readShownProposal } from './replays/replay-proposal.ts';

const PAGE = 50;
const PATH = '/deliveries/:id';

/** The delivery log: what was sent, what came back, and redelivering it. */
export function addDeliveryPages(routes: Router, db: Knex): void {
  routes.get('/deliveries', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const list = readListFilters(req, logFilters, visitOf(res).timeZone);
    const { filters, given, errors, isFiltered } = list;
    const { q, cursor, ...asked } = filters;
    const { postbackId, ...found } = q === undefined ? {} : await findByAnyId(db, partnerId, q);
    if (postbackId !== undefined) return res.redirect(303, addressOf(postbackId));
    const { rows, next } = await listPartnerPostbacks(db, { ...asked, ...found, partnerId, limit: PAGE, cursor });
    const items = rows.map(viewListedPostback);
    sendDeliveryList(res, {
      ...{ given, errors, isFiltered, csv: list.csv },
      items: items.map((item) => ({ ...item, answer: tellLastAnswer(item) })),
      first: cursor === undefined ? undefined : list.pageAt(),
      next: next === null ? undefined : list.pageAt(writeCursor(next)),
      proposal: isFiltered ? undefined : await readShownProposal(db, res),
    });
  });

  routes.get(PATH, async (req, res) => {
    const replayId = firstOf(readQuery(req.url).again);
    const { partnerId } = sessionOf(res);
    const replay = replayId === undefined ? undefined : await readReplay(db, { partnerId, replayId });
    const again = replay?.postback_id === req.params.id ? tellRedelivery(replay) : undefined;
    await showDelivery(res, req.params.id, { again, address: req.originalUrl });
  });

  routes.post(`${PATH}/redeliver`, async (req, res) => {
    const { id: postbackId } = req.params;
    try {
      const replay = await createRedelivery(db, { partnerId: sessionOf(res).partnerId, postbackId });
      if (!replay) throw notYours('postback', postbackId);
      res.redirect(303, `${addressOf(postbackId)}?again=${replay.replay_id}`);
    } catch (error) {
      if (!(error instanceof AppError) || !['conflict', 'too_many'].includes(error.kind)) throw error;
      const again = { tone: 'bad' as const, text: error.message };
      const status = error.kind === 'conflict' ? 409 : 429;
      await showDelivery(res, postbackId, { again, address: addressOf(postbackId), status });
    }
  });

  async function showDelivery(
    res: Response,
    postbackId: string,
    { status = 200, again, address }: Pick<DeliveryData, 'again' | 'address'> & { status?: number },
  ): Promise<void> {
    const { partnerId } = sessionOf(res);
    const [facts, partner] = await Promise.all([
      readPartnerPostback(db, { partnerId, postbackId }),
      readPartner(db, partnerId),
    ]);
    // After the facts: what they show as ended must not be refused as under way.
    const refusal = await readRedeliveryRefusal(db, { partnerId, postbackId });
    if (!facts || refusal === undefined) throw notYours('postback', postbackId);
    const offer = await readOffer(db, facts.postback.offer_id);
    const postback = viewPartnerPostback(facts);
    const { isMoving, isPossible, ...shown } = showRedelivery(postback.state, { again, refusal });
    sendDelivery(res, status, {
      ...{ postback, again, address, isMoving },
      explanation: tellState(facts).why,
      offerName: offer?.name,
      rule: ruleBehind(postback),
      refusal: shown.refusal,
      redelivery: isPossible ? offerRedelivery(postback, partner?.postback ?? null) : undefined,
    });
  }
}

function addressOf(postbackId: string): string {
  return `/console/deliveries/${encodeURIComponent(postbackId)}`;
}
