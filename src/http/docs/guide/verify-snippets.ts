// Shown on the page as they stand, and run from there by a test. Each has the same two functions: a POST is judged by its
// headers and raw body, a GET by its whole URL. CASHCAT_SECRETS holds one secret, or two with a blank between them.

const node = `import { createHmac, timingSafeEqual } from 'node:crypto';

const keys = process.env.CASHCAT_SECRETS.split(' ').map((secret) => Buffer.from(secret.slice(6), 'base64'));

// headers by lower-case names; body is the text as it came, before anything has parsed it
export function isSignedPost(headers, body) {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!(age <= 300)) return false;
  const given = (headers['webhook-signature'] ?? '').split(' ');
  return keys.some((key) => {
    const wanted = 'v1,' + createHmac('sha256', key).update(id + '.' + timestamp + '.' + body).digest('base64');
    return given.some((signature) => isSame(signature, wanted));
  });
}

// url as we called it: https://host/path?query
export function isSignedGet(url) {
  const sig = new URL(url).searchParams.get('sig') ?? '';
  if (!/^[0-9a-f]{64}$/.test(sig)) return false;
  const unsigned = url.replace('sig=' + sig, 'sig=');
  return keys.some((key) => isSame(sig, createHmac('sha256', key).update(unsigned).digest('hex')));
}

function isSame(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
`;

const python = `import base64, hashlib, hmac, os, re, time
from urllib.parse import parse_qs, urlsplit

KEYS = [base64.b64decode(secret[6:]) for secret in os.environ["CASHCAT_SECRETS"].split(" ")]

# headers by lower-case names; body is bytes as they came, before anything has parsed them
def is_signed_post(headers, body):
    msg_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > 300:
        return False
    message = (msg_id + "." + timestamp + ".").encode() + body
    given = headers.get("webhook-signature", "").split(" ")
    for key in KEYS:
        wanted = "v1," + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(signature.encode(), wanted.encode()) for signature in given):
            return True
    return False

# url as we called it: https://host/path?query
def is_signed_get(url):
    sig = parse_qs(urlsplit(url).query).get("sig", [""])[0]
    if not re.fullmatch("[0-9a-f]{64}", sig):
        return False
    unsigned = url.replace("sig=" + sig, "sig=", 1).encode()
    return any(hmac.compare_digest(sig, hmac.new(key, unsigned, hashlib.sha256).hexdigest()) for key in KEYS)
`;

const php = `<?php
function cashcat_keys(): array {
    $secrets = explode(' ', getenv('CASHCAT_SECRETS'));
    return array_map(fn($secret) => base64_decode(substr($secret, 6)), $secrets);
}

// $headers by lower-case names; $body is the text as it came: file_get_contents('php://input')
function is_signed_post(array $headers, string $body): bool {
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) return false;
    $given = explode(' ', $headers['webhook-signature'] ?? '');
    foreach (cashcat_keys() as $key) {
        $wanted = 'v1,' . base64_encode(hash_hmac('sha256', $id . '.' . $timestamp . '.' . $body, $key, true));
        foreach ($given as $signature) if (hash_equals($wanted, $signature)) return true;
    }
    return false;
}

// $url as we called it: https://host/path?query
function is_signed_get(string $url): bool {
    parse_str(parse_url($url, PHP_URL_QUERY) ?? '', $given);
    $sig = $given['sig'] ?? '';
    if (!is_string($sig) || !preg_match('/^[0-9a-f]{64}$/D', $sig)) return false;
    $unsigned = str_replace('sig=' . $sig, 'sig=', $url);
    foreach (cashcat_keys() as $key) if (hash_equals(hash_hmac('sha256', $unsigned, $key), $sig)) return true;
    return false;
}
`;

export const verifySnippets = [
  { language: 'node', title: 'Node.js', code: node },
  { language: 'python', title: 'Python', code: python },
  { language: 'php', title: 'PHP', code: php },
] as const;
