import type { Knex } from 'knex';
import { readPartner, type Partner } from '../../../db/partners.ts';
import { AppError } from '../../../errors.ts';

/** @throws AppError `unknown` */
export async function findPartner(db: Knex, partnerId: string): Promise<Partner> {
  const partner = await readPartner(db, partnerId);
  if (!partner) throw new AppError('unknown', `There is no partner ${partnerId}.`);
  return partner;
}
