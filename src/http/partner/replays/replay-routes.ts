import type { Router } from 'express';
import type { Knex } from 'knex';
import { createRedelivery } from '../../../db/replays/redelivery.ts';
import { previewReplay } from '../../../db/replays/replay-previews.ts';
import { askReplay, createReplay, listReplays, readReplay, type Replay } from '../../../db/replays/replays.ts';
import { readWith } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';
import { notYours } from '../not-yours.ts';
import { sendList } from '../../fields/lists.ts';
import { replayListSchema, replayRangeSchema, replaySchema } from './replay-schemas.ts';
import { replayColumns, viewReplay } from './view-replay.ts';

/** Sending again what did not reach the partner. */
export function addReplayRoutes(routes: Router, db: Knex): void {
  routes.post('/postbacks/:id/redeliver', async (req, res) => {
    const { id: postbackId } = req.params;
    const replay = await createRedelivery(db, { partnerId: partnerOf(res), postbackId });
    if (!replay) throw notYours('postback', postbackId);
    res.status(202).json({ postback_id: postbackId, replay_id: replay.replay_id });
  });
  routes.all('/postbacks/:id/redeliver', allowOnly('POST'));

  routes.get('/replays', async (req, res) => {
    const partnerId = partnerOf(res);
    await sendList(req, res, {
      query: readWith(replayListSchema, req.query),
      read: (page) => listReplays(db, { ...page, partnerId }),
      view: viewReplay,
      csv: { name: 'replays', columns: replayColumns },
    });
  });
  routes.post('/replays', async (req, res) => {
    const { rate_per_second: ratePerSecond, ...range } = readWith(replaySchema, req.body);
    const replay = await createReplay(db, { ...toRange(range, partnerOf(res)), ratePerSecond });
    res.status(202).json(viewReplay(replay));
  });
  routes.all('/replays', allowOnly('GET', 'HEAD', 'POST'));

  routes.post('/replays/preview', async (req, res) => {
    res.json(await previewReplay(db, toRange(readWith(replayRangeSchema, req.body), partnerOf(res))));
  });
  routes.all('/replays/preview', allowOnly('POST'));

  routes.get('/replays/:id', async (req, res) => {
    const { id: replayId } = req.params;
    const replay = await readReplay(db, { partnerId: partnerOf(res), replayId });
    if (!replay) throw notYours('replay', replayId);
    res.json(viewReplay(replay));
  });
  routes.all('/replays/:id', allowOnly('GET', 'HEAD'));

  for (const ask of ['pause', 'resume', 'cancel'] as const) {
    routes.post(`/replays/:id/${ask}`, async (req, res) => {
      const { id: replayId } = req.params;
      const replay = await askReplay(db, { partnerId: partnerOf(res), replayId, ask });
      if (!replay) throw notYours('replay', replayId);
      res.json(viewReplay(replay));
    });
    routes.all(`/replays/:id/${ask}`, allowOnly('POST'));
  }
}

type SentRange = { include_delivered: boolean; from: string; to: string; states: Replay['states'] };

function toRange({ include_delivered: includeDelivered, ...range }: SentRange, partnerId: string) {
  return { ...range, includeDelivered, partnerId };
}
