import type { SigningSecret } from '../../../db/keys/secret-rotation.ts';
import { definePage } from '../ops-page.ts';

/** What can be said of an advertiser's proofs; the addresses as they were typed, one a line. */
export type ProofForm = { token: boolean; signature: boolean; addresses: string };

type ProofData = {
  advertiser: { advertiserId: string; name: string };
  form: ProofForm;
  errors: Record<string, string>;
  secrets: SigningSecret[];
  mayChange: boolean;
  docs: string;
};

/** By what the calls of an advertiser show that they come from it. */
export const sendProofs = definePage<ProofData>(
  'advertisers',
  `
<% const address = '/ops/advertisers/' + encodeURIComponent(it.advertiser.advertiserId); const off = it.mayChange ? '' : ' disabled'; %>
<p class="small"><a href="<%= address %>"><%= it.advertiser.name %></a></p>
<div class="head"><h1>Proof of origin</h1><p>By what its status calls show that they come from it. All that is chosen must hold; a call that lacks it is answered 401 and only counted, not kept.</p></div>
<section class="card">
<form method="post" action="<%= address %>/proofs">
<%~ it.show.formToken() %>
<fieldset<% if (it.errors.token || it.errors.signature) { %> aria-describedby="proofs-error"<% } %>>
<legend>Each call</legend>
<label><input type="checkbox" name="token" value="yes"<% if (it.form.token) { %> checked<% } %><% if (it.errors.token) { %> aria-invalid="true"<% } %><%= off %>><span>carries its token</span></label>
<label><input type="checkbox" name="signature" value="yes"<% if (it.form.signature) { %> checked<% } %><% if (it.errors.signature) { %> aria-invalid="true"<% } %><%= off %>><span>is signed, as <a href="<%= it.docs %>#report">Standard Webhooks</a> does it: stronger than a token, and nobody can send a call again later</span></label>
<% if (it.errors.token || it.errors.signature) { %><p class="error" id="proofs-error" role="alert"><%= it.errors.token ?? it.errors.signature %></p><% } %>
</fieldset>
<%~ it.show.field({ name: 'addresses', label: 'It comes from these addresses alone', rows: 3, value: it.form.addresses, error: it.errors.addresses, help: 'One network a line, such as 192.0.2.0/24 or 2001:db8::/48. Left empty: from anywhere.', attributes: { spellcheck: 'false', ...(it.mayChange ? {} : { disabled: '' }) } }) %>
<% if (it.mayChange) { %><div class="row"><button>Save</button><a class="button plain" href="<%= address %>">Leave it</a></div><% } else { %><p class="soft">Your key may only look.</p><% } %>
</form>
</section>
<section class="card">
<h2>Signing secrets</h2>
<% if (it.secrets.length > 0) { %>
<ul class="plain-list">
<% for (const secret of it.secrets) { %><li>begins with <code><%= secret.prefix %></code>, made <%~ it.show.exactTime(secret.created_at) %><% if (secret.expires_at) { %>, ends <%~ it.show.exactTime(secret.expires_at) %><% } %></li><% } %>
</ul>
<% } else { %><p class="soft">None. Make one and give it to the advertiser before its calls must be signed.</p><% } %>
<% if (it.mayChange) { %><p><a class="button plain" href="<%= address %>/signing-secret"><% if (it.secrets.length > 0) { %>New secret<% } else { %>Make a secret<% } %></a></p><% } %>
</section>
`,
);
