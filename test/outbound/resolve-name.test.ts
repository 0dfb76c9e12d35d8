import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createNameResolver } from '../../src/outbound/resolve-name.ts';

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NAME_UNKNOWN = 3;

type Records = Record<string, { [TYPE_A]?: number[][]; [TYPE_AAAA]?: number[][] }>;

describe('the resolver of names', () => {
  let server: dgram.Socket;
  let servers: string[];
  let questions: string[];
  let folder: string;

  const loopback6 = [...Array<number>(15).fill(0), 1];
  const records: Records = {
    'both.example': {
      [TYPE_A]: [
        [192, 0, 2, 1],
        [10, 0, 0, 7],
      ],
      [TYPE_AAAA]: [loopback6],
    },
    'four.example': { [TYPE_A]: [[192, 0, 2, 4]] },
    'six.example': { [TYPE_AAAA]: [loopback6] },
  };

  beforeEach(async () => {
    questions = [];
    folder = await mkdtemp(path.join(os.tmpdir(), 'cashcat-hosts-'));
    server = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    await once(server, 'listening');
    servers = [`127.0.0.1:${server.address().port}`];
    server.on('message', (question, { port }) => {
      const { name, type } = readQuestion(question);
      questions.push(`${name} ${type}`);
      if (name !== 'silent.example') server.send(answer(question, records[name], type), port, '127.0.0.1');
    });
  });

  afterEach(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  it('finds every address of both families, IPv4 first', async () => {
    assert.deepEqual(await createNameResolver({ servers })('both.example'), ['192.0.2.1', '10.0.0.7', '::1']);
  });

  it('is content with one family', async () => {
    const resolveName = createNameResolver({ servers });
    assert.deepEqual(await resolveName('four.example'), ['192.0.2.4']);
    assert.deepEqual(await resolveName('six.example.'), ['::1']);
  });

  it('asks once for a name that many want at the same time, and anew later', async () => {
    const resolveName = createNameResolver({ servers });
    await Promise.all(Array.from({ length: 20 }, () => resolveName('FOUR.example')));
    assert.equal(questions.length, 2);
    await resolveName('four.example');
    assert.equal(questions.length, 4);
  });

  it('asks nobody for localhost', async () => {
    const resolveName = createNameResolver({ servers });
    for (const name of ['localhost', 'LOCALHOST.', 'partner.localhost']) {
      assert.deepEqual(await resolveName(name), ['127.0.0.1', '::1']);
    }
    assert.deepEqual(questions, []);
  });

  it('rejects for a name whose servers never answer', async () => {
    await assert.rejects(
      createNameResolver({ servers, tryMs: 50 })('silent.example'),
      /No address for silent\.example/,
    );
  });

  it('believes the hosts file before the servers', async () => {
    const hostsFile = path.join(folder, 'hosts');
    await writeFile(hostsFile, '# 1.1.1.1 four.example\n127.0.0.5\tother Four.Example # mine\n\n::5 four.example\n');
    const resolveName = createNameResolver({ servers, hostsFile });
    assert.deepEqual(await resolveName('four.example'), ['127.0.0.5', '::5']);
    assert.deepEqual(questions, []);
    assert.deepEqual(await resolveName('six.example'), ['::1']);
  });

  it('does without a hosts file', async () => {
    const resolveName = createNameResolver({ servers, hostsFile: path.join(folder, 'none') });
    assert.deepEqual(await resolveName('four.example'), ['192.0.2.4']);
  });

  it('rejects for a name that nobody knows', async () => {
    await assert.rejects(createNameResolver({ servers })('unknown.invalid'));
    assert.deepEqual(questions.toSorted(), [`unknown.invalid ${TYPE_A}`, `unknown.invalid ${TYPE_AAAA}`]);
  });
});

function readQuestion(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

/** RFC 1035, just as much as one answer needs. */
function answer(question: Buffer, known: Records[string] | undefined, type: number): Buffer {
  const { end } = readQuestion(question);
  const addresses = known?.[type as typeof TYPE_A] ?? [];
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (known ? 0 : NAME_UNKNOWN), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  const records = addresses.map((bytes) =>
    Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length, ...bytes]),
  );
  return Buffer.concat([header, question.subarray(12, end), ...records]);
}
