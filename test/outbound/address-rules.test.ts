import assert from 'node:assert/strict';
import { createAddressRules } from '../../src/outbound/address-rules.ts';

const forbidden = [
  ...['0.0.0.0', '0.255.255.255', '10.0.0.0', '10.255.255.255', '100.64.0.0', '100.127.255.255'],
  ...['127.0.0.0', '127.0.0.1', '127.255.255.255', '169.254.0.0', '169.254.169.254', '169.254.255.255'],
  ...['172.16.0.0', '172.31.255.255', '192.0.0.0', '192.0.0.255', '192.0.2.0', '192.0.2.255'],
  ...['192.88.99.0', '192.88.99.255', '192.168.0.0', '192.168.255.255', '198.18.0.0', '198.19.255.255'],
  ...['198.51.100.0', '198.51.100.255', '203.0.113.0', '203.0.113.255', '224.0.0.0', '239.255.255.255'],
  ...['240.0.0.0', '255.255.255.255', '168.63.129.16'],
  ...['::', '::1', '::127.0.0.1', '::7f00:1', '64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::1', '100::1'],
  ...['1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '4000::', 'fc00::1', 'fd12:3456::1', 'fe80::1', 'fec0::1', 'ff02::1'],
  ...['2001::', '2001::1', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db8::1', '2001:db8:ffff::1'],
  ...['2002::1', '2002:7f00:1::', '2002:ffff::1', '3fff::1', '3fff:fff:ffff::1', '2620:4f:8000::1'],
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:7f00:0001', '::FFFF:10.0.0.1', '::ffff:a9fe:a9fe'],
];

const allowed = [
  ...['1.0.0.0', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.0', '168.63.129.15', '168.63.129.17', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0'],
  ...['192.0.1.0', '192.0.3.0', '192.88.98.255', '192.88.100.0', '192.167.255.255', '192.169.0.0', '198.17.255.255'],
  ...['198.20.0.0', '198.51.99.255', '198.51.101.0', '203.0.112.255', '203.0.114.0', '223.255.255.255'],
  ...['2000::', '2001:200::', '2001:db7::1', '2001:db9::1', '2003::1', '2606:4700::1111', '2620:4f:7fff::1'],
  ...['2620:4f:8001::1', '2a00:1450:4001::200e', '3ffe::1', '3fff:1000::1', '::ffff:8.8.8.8', '::ffff:808:808'],
];

const unreadable = [
  ...['', ' ', 'localhost', 'partner.example', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '8.8.8.8.', ' 8.8.8.8'],
  ...['8.8.8.8/32', '8.8.8', '256.1.1.1', '[2a00::1]', '2a00::1%eth0', 'fe80::1%1', '2a00:::1', '8.8.8.8\0', '①.1.1.1'],
];

describe('address rules', () => {
  const rules = createAddressRules({ allowCidrs: [] });

  for (const address of forbidden) {
    it(`forbid ${address}`, () => assert.equal(rules.isAllowed(address), false));
  }

  for (const address of allowed) {
    it(`allow ${address}`, () => assert.equal(rules.isAllowed(address), true));
  }

  for (const text of unreadable) {
    it(`forbid what is not an address: ${JSON.stringify(text)}`, () => assert.equal(rules.isAllowed(text), false));
  }

  it('allow what the operator allows, in any spelling, and no more', () => {
    const own = createAddressRules({ allowCidrs: ['127.0.0.0/8', '10.1.2.3', '::1/128', ' fd00:1::/32 '] });
    for (const address of ['127.9.9.9', '::ffff:127.0.0.1', '10.1.2.3', '::1', '0:0::0:1', 'fd00:1:ffff::1']) {
      assert.equal(own.isAllowed(address), true, address);
    }
    for (const address of ['128.0.0.0/8', '10.1.2.4', '::2', 'fd00:2::1', '::127.0.0.1', '169.254.169.254']) {
      assert.equal(own.isAllowed(address), false, address);
    }
  });

  for (const cidr of [
    '',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::1/129',
    '10.0.0/8',
    'localhost',
    '10.0.0.0/-1',
    '0x7f.1/8',
  ]) {
    it(`refuse the configuration ${JSON.stringify(cidr)} by name`, () => {
      assert.throws(() => createAddressRules({ allowCidrs: ['::1', cidr] }), {
        message: new RegExp(`^"${cidr}" is not a CIDR`),
      });
    });
  }

  it('refuse an IPv4 range written within IPv6', () => {
    assert.throws(() => createAddressRules({ allowCidrs: ['::ffff:127.0.0.1/104'] }), /write it as IPv4/);
  });
});
