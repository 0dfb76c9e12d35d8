import type { Router } from 'express';
import type { Knex } from 'knex';
import { readAdvertiser } from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { changePull, pullChanges } from '../../../db/pulls/change-pull.ts';
import { listPulls, readPullStanding } from '../../../db/pulls/pull-reports.ts';
import { deletePullSettings, readPullSettings } from '../../../db/pulls/pull-settings.ts';
import { AppError } from '../../../errors.ts';
import type { AddressRules } from '../../../outbound/address-rules.ts';
import { savePull } from '../../../outbound/save-pull.ts';
import { pullListSchema, pullSchema } from '../../imports/pull-fields.ts';
import { readWith } from '../../fields/read-with.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { writeCursor } from '../../protocol/cursor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { viewPull, viewPullSettings } from './pull-answers.ts';

export type PullDeps = {
  db: Knex;
  addressRules: AddressRules;
  /** The first seals headers, all open them; none where headers cannot be kept. */
  pullHeaderKeys: readonly string[];
};

const PULL = '/advertisers/:id/pull';

/** From where exports of advertisers are pulled, and what came of it. */
export function addPullRoutes(routes: Router, { db, addressRules, pullHeaderKeys }: PullDeps): void {
  routes.get(PULL, async (req, res) => {
    res.json(await read(req.params.id));
  });
  routes.put(PULL, needs('admin'), async (req, res) => {
    const { id } = req.params;
    const { every_minutes: everyMinutes, ...given } = readWith(pullSchema, req.body);
    await findAdvertiser(id);
    const asked = { ...given, everyMinutes, advertiserId: id };
    await asActor(db, actorOf(res), (trx) => savePull(trx, asked, { addressRules, headerKeys: pullHeaderKeys }));
    res.json(await read(id));
  });
  routes.delete(PULL, needs('admin'), async (req, res) => {
    const { id } = req.params;
    const wasThere = await asActor(db, actorOf(res), (trx) => deletePullSettings(trx, id));
    if (!wasThere) throw notPulled(id);
    res.status(204).end();
  });
  routes.all(PULL, allowOnly('GET', 'HEAD', 'PUT', 'DELETE'));

  for (const change of pullChanges) {
    routes.post(`${PULL}/${change}`, async (req, res) => {
      const { id: advertiserId } = req.params;
      if (!(await changePull(db, { advertiserId, change, actor: actorOf(res) }))) throw notPulled(advertiserId);
      res.status(202).json(await read(advertiserId));
    });
    routes.all(`${PULL}/${change}`, allowOnly('POST'));
  }

  routes.get('/advertisers/:id/pulls', async (req, res) => {
    const query = readWith(pullListSchema, req.query);
    await findAdvertiser(req.params.id);
    const { rows, next } = await listPulls(db, { ...query, advertiserId: req.params.id });
    res.json({ items: rows.map(viewPull), next_cursor: next === null ? null : writeCursor(next) });
  });
  routes.all('/advertisers/:id/pulls', allowOnly('GET', 'HEAD'));

  async function read(advertiserId: string) {
    const settings = await readPullSettings(db, advertiserId);
    const standing = settings && (await readPullStanding(db, advertiserId));
    if (!settings || !standing) throw notPulled(advertiserId);
    return viewPullSettings(settings, standing);
  }

  async function findAdvertiser(advertiserId: string): Promise<void> {
    if (!(await readAdvertiser(db, advertiserId))) {
      throw new AppError('unknown', `There is no advertiser ${advertiserId}.`);
    }
  }
}

function notPulled(advertiserId: string): AppError {
  return new AppError('unknown', `Nothing is pulled from an advertiser ${advertiserId}.`);
}
