// Shown on the page as they stand, and run from there by a test. Each has the same three functions: one signs, one reports a
// status by POST, one makes a call about an import. CASHCAT_SECRET holds the secret.

const node = `import { createHmac, randomUUID } from 'node:crypto';

const key = Buffer.from(process.env.CASHCAT_SECRET.slice(6), 'base64');

// payload: the body exactly as it is sent; of a status without a body its query, without the question mark
export function signedHeaders(payload) {
  const id = randomUUID();
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', key).update(id + '.' + timestamp + '.' + payload).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': 'v1,' + signature };
}

// url: your address, which ends in /postback
export async function report(url, conversionId, status) {
  const body = JSON.stringify({ conversion_id: conversionId, status });
  const headers = { 'content-type': 'application/json', ...signedHeaders(body) };
  const answer = await fetch(url, { method: 'POST', headers, body });
  return { code: answer.status, body: await answer.json() };
}

// a call without a body about an import: url ends in its import_id, or in /apply, /cancel or /errors.csv behind it
export async function askAboutImport(method, url) {
  const address = url.slice(url.indexOf('/advertisers/'));
  const answer = await fetch(url, { method, headers: signedHeaders(method + ' ' + address) });
  return { code: answer.status, body: await answer.text() };
}
`;

const python = `import base64, hashlib, hmac, json, os, time, urllib.error, urllib.request, uuid

KEY = base64.b64decode(os.environ["CASHCAT_SECRET"][6:])

# payload: the body exactly as it is sent; of a status without a body its query, without the question mark
def signed_headers(payload):
    msg_id, timestamp = str(uuid.uuid4()), str(int(time.time()))
    message = (msg_id + "." + timestamp + ".").encode() + payload
    signature = base64.b64encode(hmac.new(KEY, message, hashlib.sha256).digest()).decode()
    return {"webhook-id": msg_id, "webhook-timestamp": timestamp, "webhook-signature": "v1," + signature}

# url: your address, which ends in /postback
def report(url, conversion_id, status):
    body = json.dumps({"conversion_id": conversion_id, "status": status}).encode()
    headers = {"content-type": "application/json", **signed_headers(body)}
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    return {"code": answer.status, "body": json.load(answer)}

# a call without a body about an import: url ends in its import_id, or in /apply, /cancel or /errors.csv behind it
def ask_about_import(method, url):
    address = url[url.index("/advertisers/"):]
    headers = signed_headers((method + " " + address).encode())
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers, method=method), timeout=10)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    return {"code": answer.status, "body": answer.read().decode()}
`;

const php = `<?php
// $payload: the body exactly as it is sent; of a status without a body its query, without the question mark
function signed_headers(string $payload): array {
    $key = base64_decode(substr(getenv('CASHCAT_SECRET'), 6));
    $id = bin2hex(random_bytes(16));
    $timestamp = (string) time();
    $signature = base64_encode(hash_hmac('sha256', $id . '.' . $timestamp . '.' . $payload, $key, true));
    return ['webhook-id' => $id, 'webhook-timestamp' => $timestamp, 'webhook-signature' => 'v1,' . $signature];
}

// $url: your address, which ends in /postback
function report(string $url, string $conversion_id, string $status): array {
    $body = json_encode(['conversion_id' => $conversion_id, 'status' => $status]);
    $headers = ['content-type: application/json'];
    foreach (signed_headers($body) as $name => $value) $headers[] = $name . ': ' . $value;
    $call = ['method' => 'POST', 'header' => $headers, 'content' => $body, 'timeout' => 10, 'ignore_errors' => true];
    $answer = file_get_contents($url, false, stream_context_create(['http' => $call]));
    return ['code' => (int) explode(' ', $http_response_header[0])[1], 'body' => json_decode($answer, true)];
}

// a call without a body about an import: $url ends in its import_id, or in /apply, /cancel or /errors.csv behind it
function ask_about_import(string $method, string $url): array {
    $headers = [];
    $address = substr($url, strpos($url, '/advertisers/'));
    foreach (signed_headers($method . ' ' . $address) as $name => $value) $headers[] = $name . ': ' . $value;
    $call = ['method' => $method, 'header' => $headers, 'timeout' => 10, 'ignore_errors' => true];
    $answer = file_get_contents($url, false, stream_context_create(['http' => $call]));
    return ['code' => (int) explode(' ', $http_response_header[0])[1], 'body' => $answer];
}
`;

export const signSnippets = [
  { language: 'node', title: 'Node.js', code: node },
  { language: 'python', title: 'Python', code: python },
  { language: 'php', title: 'PHP', code: php },
] as const;
