// Fallback with real files and processes: configuration, keys on their way from a gateway to a node,
// and a drone that loses its gateway. Keys and files are also made here, from docs/formats.md alone.
// The program is $HEAD2, else build/release/head2.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const head2 = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
if (!fs.existsSync(head2)) { console.log(`FAIL program: ${head2} is missing; build it, or set HEAD2`); process.exit(1); }
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-fallback-'));
process.on('exit', () => fs.rmSync(base, { recursive: true, force: true }));
const DAY = 86400000;
let failures = 0, counter = 0, cleanups = [];
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
function check(condition, what) { if (!condition) throw new Error(what); }
async function test(name, body) {
  cleanups = [];
  try { await body(path.join(base, `t${++counter}`)); console.log(`ok ${name}`); } catch (e) {
    failures++;
    console.log(`FAIL ${name}: ${String(e.stack ?? e).split('\n').slice(0, 3).join(' | ')}`);
  }
  for (const c of cleanups.reverse()) await c();
}
async function until(what, ms, condition) {
  for (const end = Date.now() + ms; ;) {
    const value = await condition();
    if (value) return value;
    check(Date.now() < end, `not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}
function run(args, options = {}) {
  const env = { PATH: process.env.PATH, HOME: base, HEAD2_STATE: path.join(base, 'state') };
  const r = spawnSync(head2, args, { timeout: 20000, env, maxBuffer: 1 << 26, ...options });
  return { code: r.status, out: r.stdout, text: String(r.stdout), err: String(r.stderr) };
}
function good(args, options) {
  const r = run(args, options);
  check(r.code === 0, `${args.join(' ')} ended with ${r.code}: ${r.err}`);
  return r;
}
function refused(args, code, words) {
  const r = run(args);
  check(r.code === code && words.test(r.err), `${args.join(' ')} ended with ${r.code}: ${r.err}`);
  check(/^[^\n]+\n$/.test(r.err), `not one line: ${r.err}`);
}
const objects = (r) => r.text.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));
const be = (bytes, value) => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64BE(BigInt(value));
  return b.subarray(8 - bytes);
};
const sha3 = (n, ...parts) => createHash(`sha3-${n}`).update(Buffer.concat(parts)).digest();
function publicKey(file, bytes) {
  const body = fs.readFileSync(file, 'utf8').split('\n').filter((l) => l && !l.startsWith('-')).join('');
  return Buffer.from(body, 'base64').subarray(-bytes); // the end of a SubjectPublicKeyInfo
}
const identity = (role, file) => sha3(256, Buffer.from(`ch2v1 identity${role}`), publicKey(file, 2592));
function keys(dir, name, type) {
  const file = path.join(dir, `${name}.pem`), pub = path.join(dir, `${name}.pub.pem`);
  good(['key', 'generate', '--type', type, '--no-passphrase', '--no-receipt', '--out', file, '--public-out', pub]);
  return { file, pub };
}
async function freePort() {
  const s = dgram.createSocket('udp4');
  await new Promise((done) => s.bind(0, '127.0.0.1', done));
  const { port } = s.address();
  await new Promise((done) => s.close(done));
  return port;
}

// A gateway with a drone, and a node; the drone and the node know each other.
async function place(dir) {
  const ports = { gateway: await freePort(), node: await freePort(), video: await freePort(), telemetry: await freePort(),
    logs: await freePort() };
  good(['init', dir, '--no-passphrase', '--drones', '2', '--listen', `127.0.0.1:${ports.gateway}`]);
  const f = path.join(dir, 'node');
  fs.mkdirSync(f);
  const node = keys(f, 'node', 'ML-DSA-87'), kem = keys(f, 'kem', 'ML-KEM-1024');
  for (const name of ['gateway.pub.pem', 'drone-1.pub.pem']) fs.copyFileSync(path.join(dir, name), path.join(f, name));
  fs.copyFileSync(node.pub, path.join(dir, 'links', 'node.pub.pem'));
  const p = { dir, ports, node, kem, config: path.join(dir, 'head2.yaml'), link: path.join(dir, 'links', 'drone-1.yaml'),
    nodeConfig: path.join(f, 'fallback.yaml'), out: {} };
  p.text = fs.readFileSync(p.config, 'utf8');
  p.linkText = fs.readFileSync(p.link, 'utf8')
    .replace(/(telemetry: +{ listen: "127.0.0.1:)\d+/, `$1${ports.telemetry}`)
    .replace(/(video: +{ listen: "127.0.0.1:)\d+/, `$1${ports.video}`)
    .replace(/(logs: +{ listen: "127.0.0.1:)\d+/, `$1${ports.logs}`);
  p.gatewayPart = 'fallback: { nodes: [node/node.pub.pem], lifetime: 3600 }\n';
  p.linkPart = `fallback: { enabled: true, gateways: [{ key: node.pub.pem, endpoints: ["127.0.0.1:${ports.node}"] }] }\n`;
  p.nodeText = `identity: { key: node.pem, name: F1 }
listen:   { udp: "127.0.0.1:${ports.node}" }
state:    state
fallback: { issuer: gateway.pub.pem, kem: kem.pem }
peers:
  - { name: drone-1, key: drone-1.pub.pem, lanes: { telemetry: "127.0.0.1:1", aggregates: "127.0.0.1:1" } }
`;
  p.write = () => {
    fs.writeFileSync(p.config, p.text + p.gatewayPart);
    fs.writeFileSync(p.link, p.linkText + p.linkPart);
    fs.writeFileSync(p.nodeConfig, p.nodeText);
  };
  p.write();
  return p;
}

// ---- configuration ----

await test('a broken fallback names file, line, column and key', async (dir) => {
  const p = await place(dir);
  for (const f of [p.config, p.link]) good(['config', 'check', f]);
  check(/a fallback node's configuration, valid: 1 peer, UDP/.test(good(['config', 'check', p.nodeConfig]).text), 'node');
  check(JSON.parse(good(['config', 'check', '--json', p.nodeConfig]).text).role === 'fallback', 'role');
  const cases = [
    [p.config, (part) => p.text + part, p.gatewayPart, [
      [(t) => t.replace('nodes', 'nods'), /head2\.yaml:\d+:\d+: fallback\.nods: unknown key; did you mean 'nodes'\?/],
      [(t) => t.replace(/\[.*\]/, '[]'), /fallback\.nodes: not a list of 1 to 4 nodes/],
      [(t) => t.replace(/\[.*\]/, `[${Array(5).fill('node/node.pub.pem')}]`), /not a list of 1 to 4 nodes/],
      [(t) => t.replace(/\[.*\]/, '[node/node.pub.pem, node/node.pub.pem]'), /fallback\.nodes\[1\]: named twice/],
      [(t) => t.replace('node.pub.pem', 'kem.pub.pem'), /fallback\.nodes\[0\]: .* is an ML-KEM-1024 key; name an ML-DSA-87/],
      [(t) => t.replace('node.pub.pem', 'node.pem'), /fallback\.nodes\[0\]: .*holds a private key/],
      [(t) => t.replace('3600', '86401'), /fallback\.lifetime: '86401' is not a number from 60 to 86400/],
      [(t) => t.replace(/nodes: \[.*\], /, ''), /fallback: the key 'nodes' is missing/],
      [() => 'fallback: yes\n', /fallback: not a map of keys/]]],
    [p.link, (part) => p.linkText + part, p.linkPart, [
      [(t) => t.replace('enabled: true', 'enabled: maybe'), /fallback\.enabled: 'maybe' is not known here; write true or false/],
      [(t) => t.replace('endpoints', 'endpoint'), /gateways\[0\]\.endpoint: unknown key; did you mean 'endpoints'/],
      [(t) => t.replace(/"127.*?"/, '"127.0.0.1"'), /gateways\[0\]\.endpoints\[0\]: '127\.0\.0\.1' is not a host and a port/],
      [(t) => t.replace('key: node.pub.pem, ', ''), /gateways\[0\]: the key 'key' is missing/],
      [(t) => t.replace('gateways', 'gateway'), /fallback\.gateway: unknown key; did you mean 'gateways'/]]],
    [p.nodeConfig, (part) => p.nodeText.replace(/fallback:.*\n/, part), 'fallback: { issuer: gateway.pub.pem, kem: kem.pem }\n', [
      [(t) => t.replace('kem:', 'ke:'), /fallback\.ke: unknown key; did you mean 'kem'/],
      [(t) => t.replace(', kem: kem.pem', ''), /fallback: the key 'kem' is missing/],
      [(t) => t.replace('gateway.pub', 'kem.pub'), /fallback\.issuer: .*an ML-KEM-1024 key/]]],
  ];
  for (const [file, whole, part, edits] of cases)
    for (const [edit, words] of edits) {
      fs.writeFileSync(file, whole(edit(part)));
      refused(['config', 'check', file], 3, words);
    }
  fs.writeFileSync(p.nodeConfig, p.nodeText.replace('aggregates:', 'video:'));
  refused(['config', 'check', p.nodeConfig], 3, /peers: peer 'drone-1': the lane video does not pass in fallback/);
  fs.writeFileSync(p.link, `${p.linkText.replace(/lanes:[^]*?rotate:/, 'tun: { address: 10.0.0.2/24 }\nrotate:')}${p.linkPart}`);
  refused(['config', 'check', p.link], 3, /fallback: what passes in fallback are MAVLink frames/);
  p.write();
  for (const f of [p.config, p.link, p.nodeConfig]) good(['doctor', '-c', f]);
  refused(['gateway', '-c', p.nodeConfig], 3, /this is the file of a fallback node; run it with 'head2 gateway --fallback'/);
  refused(['gateway', '--fallback', '-c', p.config], 3, /this is the file of a gateway: its fallback has no issuer/);
  refused(['fallback', 'import', '-c', p.config, 'x'], 3, /not the file of a fallback node/);
  refused(['fallback', 'export', '-c', p.nodeConfig, '--to', p.kem.pub, '--out', 'x'], 3, /not the file of a gateway/);
});

// ---- keys in files ----

function encodeKey(p, k) {
  const head = Buffer.concat([k.session ?? randomBytes(8), k.drone ?? identity('D', path.join(p.dir, 'drone-1.pub.pem')), k.id,
    k.secret ?? randomBytes(64), be(8, k.issued), be(4, k.lifetime ?? 86400), be(2, 64), be(1, 1), k.node ?? identity('F', p.node.pub)]);
  const file = path.join(base, 'to-be-signed');
  fs.writeFileSync(file, head);
  good(['sign', '--key', k.signer ?? path.join(p.dir, 'gateway.pem'), '--raw', '--context', 'ch2v1 fbk', '--existing', 'replace', file]);
  return Buffer.concat([head, be(2, 4627), fs.readFileSync(`${file}.sig`)]);
}
// The file of a key in a state folder, as a gateway keeps it.
function keep(p, k) {
  const encoded = encodeKey(p, k);
  const text = Buffer.concat([Buffer.from('head2-fallback-key 1\n'), be(2, k.counter ?? 0), be(1, k.flags ?? 1), be(1, 0), Buffer.alloc(16),
    be(8, 0), be(8, 0), be(8, k.counted ?? 0), be(2, encoded.length), encoded]);
  const folder = path.join(p.dir, 'state', 'fallback');
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.writeFileSync(path.join(folder, `${k.id.toString('hex')}.key`), Buffer.concat([text, sha3(256, text)]), { mode: 0o600 });
}
const id = (n) => Buffer.alloc(16, n);

await test('keys go from a gateway to a node, and their counts come back', async (dir) => {
  const p = await place(dir);
  const at = (...args) => [...args, '-c', p.config], there = (...args) => [...args, '-c', p.nodeConfig];
  const exported = path.join(dir, 'keys'), now = Date.now();
  refused(at('fallback', 'export', '--to', p.kem.pub, '--out', exported), 1, /no key is in force/);
  refused(at('fallback', 'export', '--out', exported), 2, /--to: the option is missing/);
  refused(at('fallback', 'export', '--to', p.node.pub, '--out', exported), 3, /cannot encapsulate/);
  keep(p, { id: id(1), issued: now - 1000, counter: 2, counted: now });
  keep(p, { id: id(2), issued: now, flags: 0 });
  keep(p, { id: id(3), issued: now - 2 * DAY }); // ended
  keep(p, { id: id(4), issued: now, drone: identity('D', path.join(p.dir, 'drone-2.pub.pem')) }); // the node does not know it
  keep(p, { id: id(6), issued: now, drone: randomBytes(32) }); // nor does the gateway, any more
  check(/drone-1/.test(good(at('fallback', 'list')).text), 'list');
  const listed = objects(good(at('fallback', 'list', '--json')));
  check(listed.length === 5 && listed[0].counter === 2 && listed[0].acknowledged && !listed[1].acknowledged, JSON.stringify(listed));
  check(listed[2].ended && !listed[0].ended && listed[0].name === 'drone-1' && listed[3].name === 'drone-2' && listed[4].name === null, JSON.stringify(listed));
  const one = objects(good(at('fallback', 'show', '--json', '0101')))[0];
  check(one.nodes[0] === identity('F', p.node.pub).toString('hex') && one.max_uses === 64, JSON.stringify(one));
  refused(at('fallback', 'show', 'ff'), 3, /no such key/);

  check(JSON.parse(good(at('fallback', 'export', '--json', '--to', p.kem.pub, '--out', exported)).text).keys === 3, 'how many are exported');
  check((fs.statSync(exported).mode & 0o777) === 0o600, 'others may read what was exported');
  const first = JSON.parse(good(there('fallback', 'import', '--json', exported)).text);
  check(first.new === 2 && first.known === 0 && first.strangers === 1, JSON.stringify(first));
  const again = good(at('fallback', 'export', '--to', p.kem.pub)); // to standard output, from standard input
  const second = JSON.parse(good(there('fallback', 'import', '--json', '-'), { input: again.out }).text);
  check(second.new === 0 && second.known === 2, JSON.stringify(second));
  const folder = path.join(dir, 'node', 'state', 'fallback');
  check(fs.readdirSync(folder).length === 2, 'two files');
  fs.chmodSync(folder, 0o755);
  const looked = run(there('doctor'));
  check(looked.code === 1 && /^fail fallback keys: .*state\/fallback has mode 0755; chmod 700 it/m.test(looked.text), looked.text);
  fs.chmodSync(folder, 0o700);
  good(there('doctor'));
  for (const f of fs.readdirSync(folder)) check((fs.statSync(path.join(folder, f)).mode & 0o777) === 0o600, `mode of ${f}`);

  // what is not what the gateway sealed for this node
  const bytes = fs.readFileSync(exported);
  const changed = path.join(dir, 'changed');
  for (const [where, value] of [[30, 1], [100, 1], [2000, 1], [bytes.length - 1, 1]]) {
    const copy = Buffer.from(bytes);
    copy[where] ^= value;
    fs.writeFileSync(changed, copy);
    refused(there('fallback', 'import', changed), where === 30 ? 5 : 1, /another gateway|signature does not hold/);
  }
  fs.writeFileSync(changed, bytes.subarray(0, 5000));
  refused(there('fallback', 'import', changed), 3, /damaged, or a part of it is missing/);
  fs.writeFileSync(changed, 'keys');
  refused(there('fallback', 'import', changed), 3, /not a file of exported fallback keys/);
  const otherKem = keys(dir, 'other', 'ML-KEM-1024');
  good(at('fallback', 'export', '--to', otherKem.pub, '--out', changed));
  refused(there('fallback', 'import', changed), 5, /sealed to another node's key; nothing was imported/);
  check(fs.readdirSync(folder).length === 2, 'something was imported');

  // newer keys that the drone has not acknowledged do not displace the one that it has
  const ofGateway = (n) => path.join(dir, 'state', 'fallback', `${id(n).toString('hex')}.key`);
  keep(p, { id: id(7), issued: now + 10, flags: 0 });
  good(at('fallback', 'export', '--to', p.kem.pub, '--out', changed));
  const third = JSON.parse(good(there('fallback', 'import', '--json', changed)).text);
  check(third.new === 1 && third.known === 1, JSON.stringify(third));
  const newest = fs.readFileSync(path.join(folder, `${id(7).toString('hex')}.key`));
  check(newest.subarray(25, 41).equals(id(1)), 'the node does not know which key is beside the newest');
  fs.unlinkSync(ofGateway(7));
  fs.unlinkSync(path.join(folder, `${id(7).toString('hex')}.key`));

  // keys from before the gateway knew the node
  keep(p, { id: id(5), issued: now + 10, node: randomBytes(32) });
  good(at('fallback', 'export', '--to', p.kem.pub, '--out', changed));
  const mixed = JSON.parse(good(there('fallback', 'import', '--json', changed)).text);
  check(mixed.new === 0 && mixed.known === 1 && mixed.others === 1, JSON.stringify(mixed));
  fs.unlinkSync(ofGateway(5));
  keys(path.join(dir, 'node'), 'stranger', 'ML-DSA-87');
  fs.writeFileSync(p.nodeConfig, p.nodeText.replace('key: node.pem', 'key: stranger.pem'));
  refused(there('fallback', 'import', changed), 1, /no key in it is for this node; add this node's key to fallback.nodes/);
  p.write();
  check(fs.readdirSync(folder).length === 2, 'something was imported');

  // counts: the node's file with another count is made here
  const used = path.join(dir, 'used');
  const accept = (n, count, when) => {
    const file = path.join(folder, `${id(n).toString('hex')}.key`);
    const text = fs.readFileSync(file).subarray(0, -32);
    text.writeUInt16BE(count, 21);
    be(8, when).copy(text, 21 + 36);
    fs.writeFileSync(file, Buffer.concat([text, sha3(256, text)]));
    good(there('fallback', 'used', '--out', used));
  };
  accept(1, 2, now - 500);
  check(/^ok +0101.*accepted 2, drone says 2/m.test(good(at('fallback', 'check', used)).text), 'the same count');
  accept(1, 3, now + 500); // the drone's word is of before that
  check(/^open +0101.*accepted 3, drone says 2/m.test(good(at('fallback', 'check', used)).text), 'not yet known');
  accept(1, 3, now - 500);
  const alarm = run(at('fallback', 'check', used));
  check(alarm.code === 1 && /^ALARM 0101.*somebody else has this key/m.test(alarm.text) && /1 keys were used by somebody/.test(alarm.err), alarm.text + alarm.err);
  const kept = fs.readFileSync(used, 'utf8');
  fs.writeFileSync(used, kept.replace(/ 3 /, ' 2 '));
  refused(at('fallback', 'check', used), 1, /signed by none of the nodes/);
  fs.writeFileSync(used, kept.slice(0, -10));
  refused(at('fallback', 'check', used), 3, /not what 'head2 fallback used' writes/);

  // a damaged file is told, not passed over
  const damaged = path.join(folder, `${id(2).toString('hex')}.key`);
  fs.truncateSync(damaged, 100);
  refused(there('fallback', 'list'), 3, /0202.*\.key: the file is damaged; move it away/);
});

// ---- a drone that loses its gateway ----

async function application() {
  const socket = dgram.createSocket('udp4');
  const got = [];
  socket.on('message', (bytes, from) => got.push({ bytes, from }));
  await new Promise((done) => socket.bind(0, '127.0.0.1', done));
  cleanups.push(() => new Promise((done) => socket.close(done)));
  const send = (bytes, port) => new Promise((done) => socket.send(bytes, port, '127.0.0.1', done));
  const take = (bytes, ms = 2000) => until(`${bytes.toString('hex')} arrives`, ms, () => got.find((m) => m.bytes.equals(bytes)));
  return { port: socket.address().port, got, send, take };
}
function daemon(args) {
  const child = spawn(head2, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const d = { child, events: [], lines: [] };
  let rest = '';
  child.stderr.on('data', (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      d.lines.push(line);
      if (line.startsWith('{')) d.events.push(JSON.parse(line));
    }
  });
  d.ended = new Promise((done) => child.on('close', (code) => { d.code = code; done(code); }));
  d.event = (name, ms = 3000, that = () => true) =>
    until(`event ${name} of ${args.join(' ')} (${d.lines.slice(-3).join(' ')})`, ms, () => d.events.find((e) => e.event === name && that(e)));
  d.stop = (signal) => { child.kill(signal); return d.ended; };
  cleanups.push(async () => { if (d.code === undefined) { child.kill('SIGKILL'); await d.ended; } });
  return d;
}
const status = (config) => JSON.parse(good(['status', '--json', '-c', config]).text);
// MAVLink 2: a frame around a payload, with CRC-16/MCRF4XX and the message's CRC_EXTRA.
function frame(number, extra, payload) {
  const out = Buffer.concat([Buffer.from([0xfd, payload.length, 0, 0, 0, 255, 190, number, 0, 0]), payload]);
  let crc = 0xffff;
  for (const byte of [...out.subarray(1), extra]) {
    let t = (byte ^ crc) & 0xff;
    t = (t ^ (t << 4)) & 0xff;
    crc = ((crc >> 8) ^ (t << 8) ^ (t << 3) ^ (t >> 4)) & 0xffff;
  }
  return Buffer.concat([out, Buffer.from([crc & 0xff, crc >> 8])]);
}
function command(number, first = 0) {
  const payload = Buffer.alloc(33);
  payload.writeFloatLE(first, 0);
  payload.writeUInt16LE(number, 28);
  payload[30] = payload[31] = payload[32] = 1;
  return frame(76, 152, payload);
}

await test('a drone that loses its gateway is brought home by a node, and comes back', async (dir) => {
  const p = await place(dir);
  const ground = await application(), drone = await application();
  p.nodeText = p.nodeText.replace('telemetry: "127.0.0.1:1"', `telemetry: "127.0.0.1:${ground.port}"`);
  p.write();
  const startLink = () => daemon(['link', '-c', p.link]), startGateway = () => daemon(['gateway', '-c', p.config]);
  let gateway = startGateway();
  await gateway.event('start');
  let link = startLink();
  await link.event('session-up');
  const given = await link.event('fallback-key');
  await gateway.event('fallback-key', 3000, (e) => e.detail.fallback_key === given.detail.fallback_key);
  // the node has been started more often than the gateway ever will be, which is nobody's business
  fs.mkdirSync(path.join(dir, 'node', 'state'), { mode: 0o700 });
  fs.writeFileSync(path.join(dir, 'node', 'state', 'incarnation'), `head2-incarnation 1\n${Date.now() + 1e9}\n`);
  const node = daemon(['gateway', '--fallback', '-c', p.nodeConfig]);
  await node.event('start');
  check(status(p.nodeConfig).peers.length === 0 && status(p.nodeConfig).role === 'fallback', 'a node without keys has drones');
  check(/fallback +NO KEYS: .*'head2 fallback import'/.test(good(['status', '-c', p.nodeConfig]).text), 'a node hides that it has no keys');
  const exported = good(['fallback', 'export', '-c', p.config, '--to', p.kem.pub]).out;
  good(['fallback', 'import', '-c', p.nodeConfig, '-'], { input: exported });
  await until('the running node has the key', 3000, () => status(p.nodeConfig).peers.length === 1);
  check((await node.event('fallback-key')).detail.text === 'keys taken: 1', 'the node says nothing of a key');
  for (const [text, n] of [[p.nodeText.replace(/peers:[^]*$/, 'peers: []\n'), 0], [p.nodeText, 1]]) {
    fs.writeFileSync(p.nodeConfig, text);
    node.child.kill('SIGHUP');
    await until(`after a reload the node has ${n} drones`, 3000, () => status(p.nodeConfig).peers.length === n);
  }
  // sessions that follow each other, with the same gateway and with one that begins anew, leave the drone what the node has
  for (const anew of [false, true]) {
    await link.stop('SIGTERM');
    if (anew) await gateway.stop('SIGTERM');
    if (anew) gateway = startGateway();
    link = startLink();
    await link.event('session-up');
    await sleep(1000);
    check(objects(good(['fallback', 'list', '--json', '-c', p.link])).length === 1, 'a new key with each session');
  }
  const ready = status(p.link).peers[0];
  check(ready.mode === 'SIGNED' && ready.fallback_left_us > 3500e6 && ready.fallback_left_us <= 3600e6, JSON.stringify(ready));
  check(/fallback +key for 59 min/.test(good(['status', '-c', p.link]).text), 'the screen of a link');

  await gateway.stop('SIGKILL');
  const began = Date.now();
  const entered = await link.event('fallback-entered', 12000);
  const after = Date.now() - began;
  check(after >= 6000, `fallback after ${after} ms`);
  check(entered.level === 'alarm' && entered.detail.uses === 1 && /no video/.test(entered.detail.text), JSON.stringify(entered));
  await node.event('fallback-entered', 2000, (e) => e.peer === 'drone-1' && e.detail.uses === 1);
  const now = status(p.link).peers[0];
  check(now.mode === 'FALLBACK' && now.fallback_left_us > 3500e6 && /no logs/.test(now.restricted_to), JSON.stringify(now));
  for (const config of [p.link, p.nodeConfig])
    check(/MODE +FALLBACK for 59 min .*more: only commands that hold/.test(good(['status', '-c', config]).text), 'the screen hides it');

  const heartbeat = frame(0, 50, Buffer.from([0, 0, 0, 0, 2, 3, 0x81, 4, 3]));
  await drone.send(heartbeat, p.ports.telemetry);
  const there = await ground.take(heartbeat);
  const home = command(20), arm = command(400, 1), goOn = command(193, 1), pause = command(193, 0);
  for (const c of [arm, goOn, Buffer.concat([home, arm]), home, pause]) await ground.send(c, there.from.port);
  await drone.take(home);
  await drone.take(pause);
  check(drone.got.length === 2, `${drone.got.length} commands have arrived`);
  check(status(p.nodeConfig).drops.FBK_POLICY === 3, JSON.stringify(status(p.nodeConfig).drops));
  await drone.send(Buffer.alloc(500), p.ports.video);
  await until('video is refused', 2000, () => status(p.link).drops.FBK_POLICY === 1);

  await link.stop('SIGKILL');
  const counted = () => objects(good(['fallback', 'list', '--json', '-c', p.link]));
  check(counted()[0].counter === 1 && counted()[0].boots === 0, JSON.stringify(counted()));
  link = startLink();
  const again = await link.event('fallback-entered', 12000);
  check(again.detail.uses === 2, `use ${again.detail.uses}`);
  gateway = startGateway();
  await link.event('session-up', 16000);
  await link.event('fallback-left', 2000, (e) => e.detail.reason === 'upgraded');
  await node.event('fallback-left', 2000, (e) => e.detail.reason === 'upgraded');
  check(status(p.link).peers[0].mode === 'SIGNED', 'the signed session is not in use');
  await gateway.event('fallback-used', 2000);
  await until('the drone has the next key', 3000, () => counted().length === 2);

  const used = path.join(dir, 'used');
  good(['fallback', 'used', '-c', p.nodeConfig, '--out', used]);
  const checked = await until('the count is kept', 2000, () => {
    const r = run(['fallback', 'check', '-c', p.config, used]);
    return /^ok/m.test(r.text) ? r : null;
  });
  check(checked.code === 0 && /accepted 2, drone says 2/.test(checked.text), checked.text);

  // somebody who has the key has used it once more than the drone: its next use is refused, and both ends say what of
  await gateway.stop('SIGKILL');
  await link.stop('SIGTERM');
  const folder = path.join(dir, 'links', 'drone-1-state', 'fallback');
  const stale = fs.readdirSync(folder).find((f) => f.startsWith(given.detail.fallback_key));
  for (const f of fs.readdirSync(folder)) if (f !== stale) fs.unlinkSync(path.join(folder, f)); // the node has not been given the next one
  const text = fs.readFileSync(path.join(folder, stale)).subarray(0, -32);
  text.writeUInt16BE(1, 21);
  fs.writeFileSync(path.join(folder, stale), Buffer.concat([text, sha3(256, text)]));
  link = startLink();
  const refusal = await link.event('REJECTED', 12000);
  check(refusal.detail.fallback_key === given.detail.fallback_key && /somebody else has the key/.test(refusal.detail.text), JSON.stringify(refusal));
  await node.event('REJECTED', 2000, (e) => e.detail.reason === 'FBK_REPLAY' && e.detail.fallback_key === given.detail.fallback_key);
  check((await link.event('fallback-entered', 15000)).detail.uses === 3, 'the next use is not accepted');
  for (const config of [p.link, p.nodeConfig]) check(status(config).drops.CLOCK_BACK === undefined, 'a clock goes back at the start');
  gateway = startGateway();
  await gateway.event('start');
  for (const [name, d] of Object.entries({ node, link, gateway }))
    check(await d.stop('SIGTERM') === 0, `the ${name} ended with ${d.code}: ${d.lines.slice(-3).join(' ')}`);
  fs.writeFileSync(p.nodeConfig, p.nodeText.replace('issuer: gateway', 'issuer: drone-1'));
  const other = daemon(['gateway', '--fallback', '-c', p.nodeConfig]);
  await other.event('fallback-failing', 3000, (e) => /a key of drone-1 cannot be used/.test(e.detail.text));
  check(status(p.nodeConfig).peers.length === 0, 'keys of another issuer are used');
  await other.stop('SIGTERM');
  p.write();
  const ledger = path.join(dir, 'node', 'state', 'ledger');
  const receipts = good(['ledger', 'show', '--ledger', ledger, '--json']).out.toString().trim().split('\n').map((l) => JSON.parse(l).kind);
  check(receipts.filter((k) => k === 'fallback-entered').length === 3 && receipts.includes('fallback-left'), receipts.join());
  good(['ledger', 'verify', ledger]);
});

process.exit(failures === 0 ? 0 : 1);
