import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { asActor } from '../../../db/audit.ts';
import { createAdminKey, listAdminKeys, revokeAdminKey, type AdminKey } from '../../../db/keys/admin-keys.ts';
import type { AdminRole } from '../../../domain/admin-role.ts';
import { AppError } from '../../../errors.ts';
import { leadBack } from '../../console/console-pages.ts';
import { refusalOf, textIn } from '../../console/form.ts';
import { newAdminKeySchema } from '../../fields/admin-key-schema.ts';
import { readWith } from '../../fields/read-with.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { definePage, mayOf } from '../ops-page.ts';

type KeyData = {
  keys: AdminKey[];
  mayChange: boolean;
  made: { name: string; key: string } | undefined;
  given: { name: string; role: string };
  errors: Record<string, string>;
  roles: { value: string; label: string }[];
};

const PATH = '/ops/keys';
const ROLES = [
  { value: 'read', label: 'read: look' },
  { value: 'operate', label: 'operate: also repair' },
  { value: 'admin', label: 'admin: change anything' },
] satisfies { value: AdminRole; label: string }[];

const sendKeys = definePage<KeyData>(
  'keys',
  `
<div class="head"><h1>Admin keys</h1><p>Who may sign in here and call the admin API. The key of the configuration, <code>root</code>, is not in this list.</p></div>
<% if (it.made) { %>
<section class="card new-key" role="status">
<h2>The key of <%= it.made.name %></h2>
<p>It is shown this once. Give it to <%= it.made.name %> by a way that nobody else reads.</p>
<pre id="new-key"><%= it.made.key %></pre>
<p class="row"><%~ it.show.copy(it.made.key, 'the new admin key', 'Copy the key') %></p>
</section>
<% } %>
<% if (it.keys.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Admin keys">
<table class="cards">
<thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Begins with</th><th scope="col">Made</th><th scope="col">Last used</th><% if (it.mayChange) { %><th scope="col"><span class="unseen">Revoke</span></th><% } %></tr></thead>
<tbody>
<% for (const key of it.keys) { %>
<tr>
<th scope="row"><a href="/ops/audit?actor=<%= encodeURIComponent(key.name) %>" title="What <%= key.name %> has changed"><%= key.name %></a></th>
<td data-label="Role"><% if (key.revoked_at) { %><%~ it.show.state('revoked') %><% } else { %><%= key.role %><% } %></td>
<td data-label="Begins with"><code><%= key.key_prefix %></code></td>
<td data-label="Made"><%~ it.show.time(key.created_at) %> <span class="soft">by <%= key.created_by %></span></td>
<td data-label="Last used"><% if (key.last_used_at) { %><%~ it.show.time(key.last_used_at) %><% } else { %><span class="soft">never</span><% } %></td>
<% if (it.mayChange) { %><td><% if (!key.revoked_at) { %><a href="/ops/keys/<%= encodeURIComponent(key.name) %>/revoke">Revoke</a><% } %></td><% } %>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else { %>
<%~ it.show.nothing({ title: 'Only root so far', text: 'Give each colleague a key of their own: the audit log then says who changed what, and a key can be revoked when somebody leaves.' }) %>
<% } %>
<% if (it.mayChange) { %>
<section class="card">
<h2>Make a key</h2>
<form method="post" action="/ops/keys">
<%~ it.show.formToken() %>
<%~ it.show.field({ name: 'name', label: 'Name', value: it.given.name, error: it.errors.name, help: 'Of a person or a program, such as anna or nightly-import. The audit log names them by it.', attributes: { required: '', maxlength: '40', autocomplete: 'off', spellcheck: 'false' } }) %>
<%~ it.show.select({ name: 'role', label: 'What the key may do', value: it.given.role, error: it.errors.role, options: it.roles, help: 'Whoever may repair also accepts, imports and sends again. The catalogue, prices, payouts and keys are for admin alone.' }) %>
<button>Make the key</button>
</form>
</section>
<% } else { %>
<p class="soft">Keys are made and revoked by admins whose role is admin.</p>
<% } %>
`,
);

const sendRevoke = definePage<{ key: AdminKey }>(
  'keys',
  `
<p class="small"><a href="/ops/keys">Admin keys</a></p>
<div class="head"><h1>Revoke the key of <%= it.key.name %>?</h1></div>
<section class="card">
<p>The key that begins with <code><%= it.key.key_prefix %></code> ends at once: programs that use it get 401, and wherever <%= it.key.name %> is signed in, the next click leads to the login. What <%= it.key.name %> did stays in the audit log. The name can be given a new key later.</p>
<form method="post" action="/ops/keys/<%= encodeURIComponent(it.key.name) %>/revoke" class="row">
<%~ it.show.formToken() %>
<button class="danger">Revoke the key</button><a class="button plain" href="/ops/keys">Keep it</a>
</form>
</section>
`,
);

/** The admins' keys. */
export function addKeyPages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/keys', (_req, res) => showKeys(res));

  routes.post('/keys', needs('admin'), async (req, res) => {
    const given = { name: textIn(req.body, 'name').trim(), role: textIn(req.body, 'role') };
    try {
      const wanted = { ...readWith(newAdminKeySchema, given), createdBy: actorOf(res).name };
      const { adminKey, key } = await asActor(db, actorOf(res), (trx) => createAdminKey(trx, wanted));
      await showKeys(res, { made: { name: adminKey.name, key } });
    } catch (error) {
      await showKeys(res, { given, ...refusalOf(error, { taken: 'name' }) });
    }
  });

  routes.get('/keys/:name/revoke', needs('admin'), async (req, res) => {
    const key = (await listAdminKeys(db)).find(({ name, revoked_at }) => name === req.params.name && !revoked_at);
    if (!key) throw noSuchKey(req.params.name);
    sendRevoke(res, { title: `Revoke the key of ${key.name}` }, { key });
  });

  routes.post('/keys/:name/revoke', needs('admin'), async (req, res) => {
    const { name } = req.params;
    const revoked = await asActor(db, actorOf(res), (trx) => revokeAdminKey(trx, name));
    if (!revoked) throw noSuchKey(name);
    leadBack(res, PATH, `The key of ${name} has ended.`);
  });

  async function showKeys(
    res: Response,
    { status = 200, ...shown }: Partial<KeyData> & { status?: number } = {},
  ): Promise<void> {
    sendKeys(
      res,
      { title: 'Admin keys', status },
      {
        ...{ made: undefined, given: { name: '', role: 'operate' }, errors: {}, roles: ROLES },
        ...{ keys: await listAdminKeys(db), mayChange: mayOf(res).admin },
        ...shown,
      },
    );
  }
}

function noSuchKey(name: string): AppError {
  return new AppError('unknown', `There is no key ${name} that is not revoked.`);
}
