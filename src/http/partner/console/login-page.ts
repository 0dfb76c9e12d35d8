import type { LoginPage } from '../../console/session/login-routes.ts';
import { assetPaths } from '../../pages/assets.ts';
import { definePage } from './console-page.ts';

/** Asks for the API key. */
export const sendLogin = definePage<LoginPage>(
  undefined,
  `
<p class="brand"><img src="${assetPaths.icon}" alt="" width="36" height="36"> Cashcat</p>
<section class="card">
<h1>Sign in</h1>
<p class="soft">See what your links earn, and set up your postbacks.</p>
<form method="post" action="/console/login">
<%~ it.show.formToken() %>
<input type="hidden" name="next" value="<%= it.next %>">
<%~ it.show.field({ name: 'api_key', label: 'API key', type: 'password', error: it.error,
  help: 'It begins with ck_ and was given to you when your account was made.',
  attributes: { required: '', autocomplete: 'current-password', maxlength: '200', spellcheck: 'false' } }) %>
<button>Sign in</button>
</form>
</section>
<p class="soft small">No key yet, or lost it? Ask your contact at Cashcat. How everything works is in the <a href="/docs">documentation</a>.</p>
`,
);
