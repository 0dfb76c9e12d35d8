import type { Router } from 'express';
import { createOpsConsole } from '../../../src/http/ops/ops-console.ts';
import type { Network } from '../../support/network-in-database.ts';
import { makeAdminDeps } from '../build-ops-app.ts';

export type Called = { method: 'get' | 'post' | 'patch' | 'put' | 'delete'; path: string };

export const nameOf = ({ method, path }: Called) => `${method} ${path}`;

// Whoever is not signed in must reach them.
const OPEN = ['get /ops/login', 'post /ops/login', 'post /ops/logout'];

/** What every page of the ops console behind the login answers to, from the router's own list. */
export function listPages(network: Pick<Network, 'db' | 'statuses'>): Called[] {
  const context = {
    ...{ temporalUiUrl: null, temporalNamespace: 'default', log: { error: () => undefined, warn: () => undefined } },
    checkKey: () => Promise.reject(new Error('nobody asks')),
  };
  const found = pagesOf(createOpsConsole(makeAdminDeps(network), context));
  return [...new Map(found.map((page) => [nameOf(page), page])).values()].filter(
    (page) => !OPEN.includes(nameOf(page)),
  );
}

function pagesOf(router: Router): Called[] {
  return router.stack.flatMap(({ route }) =>
    (route?.stack ?? []).flatMap(({ method }) =>
      method === undefined
        ? []
        : [{ method: method as Called['method'], path: `/ops${route?.path ?? ''}`.replace(/\/$/, '') }],
    ),
  );
}
