import type { Knex } from 'knex';
import { createCatalogue, type Catalogue } from '../../src/catalogue/catalogue.ts';
import { loadCatalogue, readCatalogueVersion } from '../../src/db/catalogue.ts';

/** A catalogue that reads the database for each question, so that a test need not wait for its next look. */
export async function freshCatalogue(db: Knex): Promise<Catalogue> {
  const load = async () => {
    const catalogue = createCatalogue({
      load: () => loadCatalogue(db),
      readVersion: () => readCatalogueVersion(db),
      pollIntervalMs: 60_000,
    });
    await catalogue.start();
    catalogue.stop();
    return catalogue;
  };
  const first = await load();
  return {
    ...first,
    findPartner: async (partnerId) => (await load()).findPartner(partnerId),
    findOffer: async (offerId) => (await load()).findOffer(offerId),
    findAdvertiser: async (advertiserId) => (await load()).findAdvertiser(advertiserId),
  };
}
