import type { Knex } from 'knex';
import { openBrowserWithoutScripts, type ConsoleVisitor } from './browser-without-scripts.ts';
import { buildPartnerApi, type PartnerApi } from './build-partner-api.ts';
import type { BuildOptions } from './build-public-app.ts';

export type Console = PartnerApi & {
  /** A browser without scripts. */
  visitor(): ConsoleVisitor;
  /** The same, signed in. */
  signedIn(key?: string): Promise<ConsoleVisitor>;
};

/** The console over a real database, with a new partner. */
export async function buildConsole(db: Knex, options: BuildOptions = {}): Promise<Console> {
  const api = await buildPartnerApi(db, { publicUrl: 'http://console.test', ...options });
  const visitor = () => openBrowserWithoutScripts(api);
  return {
    ...api,
    visitor,
    async signedIn(key = api.key) {
      const made = visitor();
      await made.get('/console/login');
      await made.post('/console/login', { api_key: key });
      return made;
    },
  };
}
