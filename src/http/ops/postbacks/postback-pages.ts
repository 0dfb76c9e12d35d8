import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { asActor, noteAct } from '../../../db/audit.ts';
import { readPartner } from '../../../db/partners.ts';
import { postbackStates } from '../../../db/postbacks.ts';
import { createRedelivery, readRedeliveryRefusal } from '../../../db/replays/redelivery.ts';
import { readReplay } from '../../../db/replays/replays.ts';
import { readPartnerPostback } from '../../../db/reports/partner-postbacks.ts';
import { findPostback, listPostbacks, type PostbackAddress } from '../../../db/reports/postback-list.ts';
import { statuses } from '../../../domain/status.ts';
import { AppError } from '../../../errors.ts';
import { viewPartnerPostback } from '../../../stories/partner-postback.ts';
import { tellSkip } from '../../../stories/skip-words.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { showRedelivery } from '../../console/redelivery.ts';
import { visitOf } from '../../console/session/visit.ts';
import { postbackListSchema } from '../../fields/fact-list-schemas.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { conversionAt, postbackAt } from '../addresses.ts';
import { mayOf } from '../ops-page.ts';
import { sendPostbackList } from './postback-list-page.ts';
import { sendPostback, type PostbackData } from './postback-page.ts';

const LIST_PAGE = 50;
const ANY = { value: '', label: 'any' };
const optionsOf = (values: readonly string[]) => [ANY, ...values.map((value) => ({ value, label: value }))];
const OPTIONS = { states: optionsOf(postbackStates), statuses: optionsOf(statuses) };

/** Finding postbacks of all partners, what was sent and came back, and sending one again. */
export function addPostbackPages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/postbacks', async (req, res) => {
    const list = readListFilters(req, postbackListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listPostbacks(db, { ...list.filters, limit: LIST_PAGE });
    sendPostbackList(
      res,
      { title: 'Postbacks' },
      {
        ...{ given: list.given, errors: list.errors, isFiltered: list.isFiltered, rows, options: OPTIONS, tellSkip },
        ...placesOf(list, next),
      },
    );
  });

  routes.get('/postbacks/:id', async (req, res) => {
    const found = await find(req.params.id);
    // Nobody is told what the house earns: there is nothing to be shown but the conversion.
    if (found.partnerId === null) return res.redirect(303, conversionAt(found.conversionId));
    const replayId = firstOf(readQuery(req.url).again);
    const replay = replayId && (await readReplay(db, { partnerId: found.partnerId, replayId }));
    const again = replay && replay.postback_id === req.params.id ? tellAgain(replay.state) : undefined;
    await show(res, { ...found, partnerId: found.partnerId }, { again });
  });

  routes.post('/postbacks/:id/redeliver', needs('operate'), async (req, res) => {
    const found = await find(req.params.id);
    const { postbackId, partnerId } = found;
    if (partnerId === null) throw new AppError('conflict', 'The house gets no postbacks.');
    try {
      const replayId = await asActor(db, actorOf(res), async (trx) => {
        const replay = await createRedelivery(trx, { partnerId, postbackId });
        const after = { replay_id: replay?.replay_id };
        await noteAct(trx, { action: 'redeliver', subjectType: 'postback', subjectId: postbackId, after });
        return replay?.replay_id ?? '';
      });
      res.redirect(303, `${postbackAt(postbackId)}?again=${replayId}`);
    } catch (error) {
      if (!(error instanceof AppError) || !['conflict', 'too_many'].includes(error.kind)) throw error;
      const again = { tone: 'bad' as const, text: error.message };
      await show(res, { ...found, partnerId }, { again, status: error.kind === 'conflict' ? 409 : 429 });
    }
  });

  async function find(postbackId: string): Promise<PostbackAddress> {
    const found = await findPostback(db, postbackId);
    if (!found) throw new AppError('unknown', `There is no postback ${postbackId}.`);
    return found;
  }

  async function show(
    res: Response,
    { postbackId, partnerId, leadId }: PostbackAddress & { partnerId: string },
    { again, status = 200 }: Pick<PostbackData, 'again'> & { status?: number },
  ): Promise<void> {
    const [facts, partner] = await Promise.all([
      readPartnerPostback(db, { partnerId, postbackId }),
      readPartner(db, partnerId),
    ]);
    // After the facts: what they show as ended must not be refused as under way.
    const refusal = await readRedeliveryRefusal(db, { partnerId, postbackId });
    if (!facts || refusal === undefined) throw new AppError('unknown', `There is no postback ${postbackId}.`);
    const postback = viewPartnerPostback(facts);
    const redelivery = showRedelivery(postback.state, { again, refusal });
    sendPostback(res, status, {
      ...{ postback, leadId, again },
      partner: { partnerId, name: partner?.name ?? partnerId },
      mayRedeliver: mayOf(res).operate && redelivery.isPossible,
      ...{ refusal: redelivery.refusal, isMoving: redelivery.isMoving },
      address: res.req.method === 'GET' ? res.req.originalUrl : postbackAt(postbackId),
    });
  }
}

function tellAgain(state: string): PostbackData['again'] {
  if (state === 'done')
    return { tone: 'good', text: 'It was redelivered: the latest attempt below says what came back.' };
  if (state === 'cancelled') return { tone: 'bad', text: 'The redelivery was cancelled.' };
  return { tone: 'busy', text: 'It is being redelivered.' };
}
