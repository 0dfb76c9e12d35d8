import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { previewReplay, proposeReplay } from '../../../../../db/replays/replay-previews.ts';
import {
  askReplay,
  createReplay,
  listReplays,
  readReplay,
  type ReplayRange,
} from '../../../../../db/replays/replays.ts';
import { AppError } from '../../../../../errors.ts';
import { firstOf, readQuery } from '../../../../protocol/query.ts';
import { visitOf } from '../../../../console/session/visit.ts';
import { sessionOf } from '../../partner-session.ts';
import type { ReportLimit } from '../../../limit-reports.ts';
import { notYours } from '../../../not-yours.ts';
import { sendNewReplay } from './new-replay-page.ts';
import { readReplayForm, type ReplayForm } from './replay-form.ts';
import { sendReplayList } from './replay-list-page.ts';
import { sendReplay } from './replay-page.ts';
import { readShownProposal } from './replay-proposal.ts';
import { progressOf, tellPreview } from './replay-view.ts';

const LIST = '/console/deliveries/replays';
const PAGE = 25;
const REPLAY_ID = /^[a-z0-9]{1,64}$/;
const DAY_MS = 86_400_000;

/** Sending again what an outage of its endpoint has cost the partner. */
export function addReplayPages(routes: Router, { db, reports }: { db: Knex; reports: ReportLimit }): void {
  routes.get('/deliveries/replays', async (req, res) => {
    const given = firstOf(readQuery(req.url).cursor);
    const cursor = given !== undefined && REPLAY_ID.test(given) ? given : undefined;
    const { rows: replays, next } = await listReplays(db, { partnerId: sessionOf(res).partnerId, limit: PAGE, cursor });
    sendReplayList(res, {
      replays,
      proposal: await readShownProposal(db, res),
      first: cursor === undefined ? undefined : LIST,
      next: next === null ? undefined : `${LIST}?cursor=${next}`,
    });
  });

  routes.get('/deliveries/replays/new', async (req, res) => {
    await reports.count(sessionOf(res).partnerId);
    const given = Object.fromEntries(Object.entries(readQuery(req.url)).map(([name, value]) => [name, firstOf(value)]));
    const isAsked = given['from'] !== undefined || given['to'] !== undefined;
    const proposal = isAsked ? undefined : await proposeReplay(db, sessionOf(res).partnerId);
    const { nowMs, timeZone } = visitOf(res);
    const usual = { from: new Date(nowMs - DAY_MS).toISOString(), to: new Date(nowMs).toISOString() };
    const { from, to } = proposal ?? usual;
    await showNew(res, readReplayForm(isAsked ? given : { ...given, from, to }, timeZone));
  });

  routes.post('/deliveries/replays', async (req, res) => {
    await reports.count(sessionOf(res).partnerId);
    const form = readReplayForm((req.body ?? {}) as Record<string, unknown>, visitOf(res).timeZone);
    const { range, ratePerSecond } = form;
    if (!range || Object.keys(form.errors).length > 0) return await showNew(res, form, { status: 422 });
    try {
      const { replay_id } = await createReplay(db, { ...rangeOf(res, form, range), ratePerSecond });
      res.redirect(303, `${LIST}/${replay_id}`);
    } catch (error) {
      await showNew(res, form, { status: 409, refusal: reasonOf(error) });
    }
  });

  routes.get('/deliveries/replays/:id', (req, res) => showReplay(res, req.params.id));

  for (const ask of ['pause', 'resume', 'cancel'] as const) {
    routes.post(`/deliveries/replays/:id/${ask}`, async (req, res) => {
      const { id: replayId } = req.params;
      try {
        const replay = await askReplay(db, { partnerId: sessionOf(res).partnerId, replayId, ask });
        if (!replay) throw notYours('replay', replayId);
        res.redirect(303, `${LIST}/${encodeURIComponent(replayId)}`);
      } catch (error) {
        await showReplay(res, replayId, { status: 409, refusal: reasonOf(error) });
      }
    });
  }

  async function showReplay(
    res: Response,
    replayId: string,
    { status = 200, refusal }: { status?: number; refusal?: string } = {},
  ): Promise<void> {
    const replay = await readReplay(db, { partnerId: sessionOf(res).partnerId, replayId });
    if (!replay) throw notYours('replay', replayId);
    sendReplay(res, status, { replay, progress: progressOf(replay, visitOf(res).nowMs), refusal });
  }

  async function showNew(
    res: Response,
    form: ReplayForm,
    { status = 200, refusal }: { status?: number; refusal?: string } = {},
  ): Promise<void> {
    const { range, given, errors } = form;
    const preview = range && (await previewReplay(db, rangeOf(res, form, range)));
    sendNewReplay(res, status, {
      ...{ given, errors, range, refusal, zone: visitOf(res).timeZone },
      preview: preview ? tellPreview(preview) : [],
      toSend: preview?.to_send ?? 0,
    });
  }
}

function rangeOf(res: Response, { given }: ReplayForm, range: NonNullable<ReplayForm['range']>): ReplayRange {
  return { partnerId: sessionOf(res).partnerId, ...range, includeDelivered: given.include_delivered };
}

/** What cannot be done as things stand is said on the page; anything else is an error. */
function reasonOf(error: unknown): string {
  if (error instanceof AppError && ['conflict', 'invalid'].includes(error.kind)) return error.message;
  throw error;
}
