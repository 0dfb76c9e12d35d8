import assert from 'node:assert/strict';
import type { Express } from 'express';
import request from 'supertest';
import type { OpsDeps } from '../../../src/http/ops-app.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY, buildOpsApp } from '../build-ops-app.ts';

export type Answer = Record<string, unknown>;
export type Problem = { kind: string; detail: string; problems?: { field: string; message: string }[] };

export type AdminStage = {
  network: Network;
  app: Express;
  /** What the app that was built last has logged. */
  logged: object[];
  warned: object[];
  build: (changes?: Partial<OpsDeps>) => Express;
  call: (method: 'get' | 'post' | 'patch', path: string, body?: object) => request.Test;
  bodyOf: <T = Answer>(response: request.Response) => T;
};

/** Gives a suite the admin API over a network in a database of its own; no test of it may leave an error in the log. */
export function useAdminApi(): AdminStage {
  const stage = {
    build: (changes = {}) => {
      const { app, logged, warned } = buildOpsApp(stage.network, changes);
      Object.assign(stage, { logged, warned });
      return app;
    },
    call: (method, path, body) => {
      const made = request(stage.app)[method](`/v1/admin${path}`).set('authorization', `Bearer ${ADMIN_KEY}`);
      return body === undefined ? made : made.send(body);
    },
    bodyOf: <T>(response: request.Response) => response.body as T,
  } as AdminStage;
  before(async () => {
    stage.network = await createNetwork(await createTestDatabase());
    stage.app = stage.build();
  });
  after(() => stage.network.close());
  afterEach(() => assert.deepEqual(stage.logged, []));
  return stage;
}
