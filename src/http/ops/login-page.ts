import type { LoginPage } from '../console/session/login-routes.ts';
import { assetPaths } from '../pages/assets.ts';
import { definePage } from './ops-page.ts';

/** Asks for an admin key. */
export const sendLogin = definePage<LoginPage>(
  undefined,
  `
<p class="brand"><img src="${assetPaths.icon}" alt="" width="36" height="36"> Cashcat operations</p>
<section class="card">
<h1>Sign in</h1>
<p class="soft">See whether anything is stuck, find any lead, and put right what came in wrong.</p>
<form method="post" action="/ops/login">
<%~ it.show.formToken() %>
<input type="hidden" name="next" value="<%= it.next %>">
<%~ it.show.field({ name: 'api_key', label: 'Admin key', type: 'password', error: it.error,
  help: 'Yours begins with ak_. The first one is ADMIN_API_KEY, which npm start prints.',
  attributes: { required: '', autocomplete: 'current-password', maxlength: '400', spellcheck: 'false' } }) %>
<button>Sign in</button>
</form>
</section>
<p class="soft small">No key yet? Ask somebody whose role is admin to make one for you.</p>
`,
);

/** Leads on to a page that a link of another site led to: that link came without the session. */
export const sendOnward = definePage<{ href: string }>(
  undefined,
  `
<meta http-equiv="refresh" content="0;url=<%= it.href %>">
<div class="nothing"><h1>One moment</h1><p><a href="<%= it.href %>">Open the page</a></p></div>
`,
);
