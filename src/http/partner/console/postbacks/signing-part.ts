import type { SigningSecret } from '../../../../db/keys/secret-rotation.ts';

export type SigningData = {
  secrets: SigningSecret[];
  /** Shown this once. */
  newSecret: string | undefined;
};

/** How long a former secret goes on signing beside the new one, in seconds. */
export const KEEP_OLD = [
  { value: '86400', label: 'One day' },
  { value: '3600', label: 'One hour' },
  { value: '0', label: 'Not at all: it ends at once' },
];

// Offered while there is a secret before it, by which an endpoint may still verify.
export const LOST = {
  value: 'lost',
  label: 'I do not have the newest secret: end that one, and let the one before it go on',
} as const;

const optionsText = (options: object[]) => JSON.stringify(options).replaceAll('"', "'");

export const SIGNING_PART = `
<section class="card" id="signing" aria-labelledby="signing-title">
<h2 id="signing-title">Signing</h2>
<p>With a secret, every postback is signed, so that your endpoint can tell that it comes from us. <a href="/docs#signing">How to verify</a></p>
<% if (it.signing.newSecret) { %>
<div role="status"><p>Your signing secret. It is shown this once.</p>
<pre id="new-secret"><%= it.signing.newSecret %></pre>
<p><%~ it.show.copy(it.signing.newSecret, 'the signing secret', 'Copy the secret') %></p></div>
<% } %>
<% if (it.signing.secrets.length > 0) { %>
<ul class="plain-list"><% for (const secret of it.signing.secrets) { %><li><code><%= secret.prefix %>…</code> <span class="soft small">since <%~ it.show.exactTime(secret.created_at) %><% if (secret.expires_at) { %>, ends <%~ it.show.time(secret.expires_at) %><% } %></span></li><% } %></ul>
<% } %>
<form method="post" action="/console/postbacks/signing#signing">
<%~ it.show.formToken() %>
<input type="hidden" name="replaces" value="<%= it.signing.secrets[0]?.prefix ?? '' %>">
<% if (it.signing.secrets.length > 0) { %>
<%~ it.show.select({ name: 'keep_old_for_seconds', label: 'How long shall the old secret go on?', options: it.signing.secrets.length > 1 ? ${optionsText([...KEEP_OLD, LOST])} : ${optionsText(KEEP_OLD)}, help: 'Until then both sign, so that your endpoint can change over.' }) %>
<% } %>
<button class="plain"><%= it.signing.secrets.length > 0 ? 'Make a new secret' : 'Sign my postbacks' %></button>
</form>
<% if (it.signing.secrets.length > 0) { %>
<p><%~ it.show.action({ label: 'Stop signing', post: '/console/postbacks/signing/remove' }, 'danger') %></p>
<% } %>
</section>
`;
