import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import {
  buildPostbackRequest,
  type Postback,
  type PostbackRequest,
  type PostbackSettings,
} from '../domain/postbacks/postback-settings.ts';

/** `secrets` as `whsec_…`, the newest first, none for an unsigned request; `at` is the time of the attempt. */
export type Signing = { secrets: readonly string[]; at: Date };

const SECRET_PREFIX = 'whsec_';

/**
 * The request that tells a partner of one status change, signed if the partner has a secret.
 *
 * A POST carries the headers of Standard Webhooks over its body: `webhook-id` is the postback's id, so it is the same in
 * all attempts; `webhook-timestamp` is the time of the attempt; `webhook-signature` has one signature for each live secret.
 * A URL, of either method, carries `{sig}` if it holds that macro: see {@link signUrl}.
 *
 * @throws UrlTemplateError when a value would change where the URL leads
 */
export function buildSignedRequest(
  settings: PostbackSettings,
  postback: Postback,
  { secrets, at }: Signing,
): PostbackRequest {
  const unsigned = buildPostbackRequest(settings, postback);
  const [newest] = secrets;
  if (newest === undefined) return unsigned;
  const request = buildPostbackRequest(settings, postback, signUrl(unsigned.url, newest));
  if (request.body === null) return request;
  return {
    ...request,
    headers: { ...request.headers, ...signBody(postback.postbackId, request.body, { secrets, at }) },
  };
}

/**
 * The value of `{sig}`: HMAC-SHA-256 in lower-case hex over the whole URL as it is sent, but with nothing in the place of
 * the signature. The key is what the secret holds behind `whsec_`, decoded from base64, as in Standard Webhooks.
 *
 * While two secrets live the newest alone signs, since a parameter has one value: a receiver that accepts either has no gap.
 */
export function signUrl(urlWithoutSignature: string, secret: string): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  return createHmac('sha256', key).update(urlWithoutSignature).digest('hex');
}

function signBody(id: string, body: string, { secrets, at }: Signing): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}
