import request from 'supertest';
import type { AdminRole } from '../../src/domain/admin-role.ts';
import type { OpsDeps } from '../../src/http/ops-app.ts';
import type { Network } from '../support/network-in-database.ts';
import { openBrowserWithoutScripts, type ConsoleVisitor } from './browser-without-scripts.ts';
import { ADMIN_KEY, buildOpsApp, type BuiltOpsApp } from './build-ops-app.ts';

export type OpsConsole = BuiltOpsApp & {
  /** A key of this role, made by `root`; its name is told as well. */
  makeKey(role: AdminRole, name?: string): Promise<string>;
  visitor(): ConsoleVisitor;
  /** A browser signed in with this key; as `root` when it is left out. */
  signedIn(key?: string): Promise<ConsoleVisitor>;
  /** The same, with a new key of this role. */
  signedInAs(role: AdminRole): Promise<ConsoleVisitor>;
};

let made = 0;

/** The operations listener with its console, over a network in a real database. */
export function buildOpsConsole(network: Pick<Network, 'db' | 'statuses'>, changes: Partial<OpsDeps> = {}): OpsConsole {
  const built = buildOpsApp(network, changes);
  const { app } = built;
  const visitor = () => openBrowserWithoutScripts({ app });
  const makeKey = async (role: AdminRole, name = `${role}-${made++}`) => {
    const answer = await request(app)
      .post('/v1/admin/keys')
      .set('authorization', `Bearer ${ADMIN_KEY}`)
      .send({ name, role })
      .expect(201);
    return (answer.body as { key: string }).key;
  };
  const signedIn = async (key = ADMIN_KEY) => {
    const browser = visitor();
    await browser.get('/ops/login');
    await browser.post('/ops/login', { api_key: key });
    return browser;
  };
  return { ...built, makeKey, visitor, signedIn, signedInAs: async (role) => await signedIn(await makeKey(role)) };
}
