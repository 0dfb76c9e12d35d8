import type { Knex } from 'knex';
import { readAdvertiser, type Advertiser } from '../../../db/advertisers.ts';
import { AppError } from '../../../errors.ts';

/** @throws AppError `unknown` */
export async function findAdvertiser(db: Knex, advertiserId: string): Promise<Advertiser> {
  const advertiser = await readAdvertiser(db, advertiserId);
  if (!advertiser) throw new AppError('unknown', `There is no advertiser ${advertiserId}.`);
  return advertiser;
}
