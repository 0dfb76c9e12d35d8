import type { Router } from 'express';
import { definePage } from '../ops-page.ts';

const sendOverview = definePage<object>(
  'overview',
  `
<div class="head"><h1>Overview</h1></div>
`,
);

/** Whether anything is stuck, and who is waiting. */
export function addOverviewPages(routes: Router): void {
  routes.get('/', (_req, res) => sendOverview(res, { title: 'Overview' }, {}));
}
