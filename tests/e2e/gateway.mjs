// The gateway and the link as processes on loopback: data both ways, rotation, crashes, wrong keys,
// new configuration, broken configuration, full and read-only disks, junk. The program is $HEAD2,
// else build/release/head2.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const given = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
const isRoot = process.getuid() === 0;
const NOBODY = 65534;
if (!fs.existsSync(given)) {
  console.log(`FAIL program: ${given} is missing; build it, or set HEAD2`);
  process.exit(1);
}
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-gw-'));
fs.chmodSync(base, 0o755);
const head2 = path.join(base, 'head2'); // a copy that nobody, too, may run
fs.copyFileSync(given, head2);
fs.chmodSync(head2, 0o755);

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const lanes = ['telemetry', 'video', 'logs'];
let failures = 0;
let counter = 0;
let cleanups = [];

class Skip extends Error {}
function check(condition, what) { if (!condition) throw new Error(what); }
async function test(name, body) {
  cleanups = [];
  try {
    await body(path.join(base, `t${++counter}`));
    console.log(`ok ${name}`);
  } catch (e) {
    if (e instanceof Skip) console.log(`skip ${name}: ${e.message}`);
    else {
      failures++;
      console.log(`FAIL ${name}: ${String(e.stack ?? e).split('\n').slice(0, 3).join(' | ')}`);
    }
  }
  for (const c of cleanups.reverse()) await c();
}
async function until(what, ms, condition) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    check(Date.now() < end, `not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}
function run(args, options = {}) {
  const r = spawnSync(head2, args, { timeout: 20000, env: { PATH: process.env.PATH, HOME: base }, ...options });
  return { code: r.status, out: r.stdout.toString(), err: r.stderr.toString() };
}
function good(args) {
  const r = run(args);
  check(r.code === 0, `${args.join(' ')} ended with ${r.code}: ${r.err}`);
  return r;
}

// A local application: a UDP socket that keeps what arrives.
async function application(port = 0) {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  const got = [];
  socket.on('message', (bytes, from) => got.push({ bytes, from, text: bytes.toString() }));
  await new Promise((done, fail) => { socket.once('error', fail); socket.bind(port, '127.0.0.1', done); });
  let open = true;
  const close = () => new Promise((done) => { if (open) { open = false; socket.close(done); } else done(); });
  cleanups.push(close);
  const send = (bytes, to) => new Promise((done) => socket.send(bytes, to, '127.0.0.1', done));
  const take = (text, ms = 2000) => until(`'${text}' arrives`, ms, () => got.find((m) => m.text === text));
  return { port: socket.address().port, got, send, take, close };
}
async function freePort() {
  const a = await application();
  await a.close();
  return a.port;
}

// A daemon and the events it logs.
function daemon(verb, config, options = {}) {
  const child = spawn(head2, [verb, '-c', config], { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  const d = { child, events: [], lines: [], pid: child.pid };
  let rest = '';
  child.stderr.on('data', (piece) => {
    rest += piece;
    const lines = rest.split('\n');
    rest = lines.pop();
    for (const line of lines) {
      d.lines.push(line);
      if (line.startsWith('{')) d.events.push(JSON.parse(line));
    }
  });
  d.ended = new Promise((done) => child.on('close', (code, signal) => { d.code = code; done({ code, signal }); }));
  d.event = (name, ms = 3000, test_ = () => true) =>
    until(`event ${name} of ${verb} (${d.lines.slice(-3).join(' ')})`, ms,
      () => d.events.find((e) => e.event === name && test_(e)));
  d.stop = async (signal = 'SIGTERM') => { child.kill(signal); return d.ended; };
  cleanups.push(async () => { if (d.code === undefined) { child.kill('SIGKILL'); await d.ended; } });
  return d;
}
// What the ledger of a state folder holds.
const entries = (dir, state = 'state') => good(['ledger', 'show', '--ledger', path.join(dir, state, 'ledger'), '--json']).out
  .trim().split('\n').filter((l) => l !== '').map((l) => JSON.parse(l));
function status(config) {
  const r = run(['status', '--json', '-c', config]);
  return r.code === 0 ? JSON.parse(r.out) : null;
}

// A folder made by init, with ports of its own: applications stand where the lanes come out.
async function place(dir, { drones = 1, edit = (t) => t, editLink = (t) => t } = {}) {
  const port = await freePort();
  good(['init', dir, '--no-passphrase', '--drones', String(drones), '--listen', `127.0.0.1:${port}`]);
  const p = { dir, port, config: path.join(dir, 'head2.yaml'), links: [], out: [], inputs: [] };
  let text = fs.readFileSync(p.config, 'utf8');
  for (let i = 1; i <= drones; i++) {
    const link = path.join(dir, 'links', `drone-${i}.yaml`);
    let linkText = fs.readFileSync(link, 'utf8');
    const out = {}, inputs = {};
    for (const lane of lanes) {
      out[lane] = await application();
      inputs[lane] = await freePort();
      text = text.replace(new RegExp(`(name: drone-${i},.*${lane}: "127.0.0.1:)\\d+`), `$1${out[lane].port}`);
      linkText = linkText.replace(new RegExp(`(${lane}: +{ listen: "127.0.0.1:)\\d+`), `$1${inputs[lane]}`);
    }
    fs.writeFileSync(link, editLink(linkText));
    p.links.push(link);
    p.out.push(out);
    p.inputs.push(inputs);
  }
  p.text = text;
  fs.writeFileSync(p.config, edit(text));
  return p;
}
async function bothUp(p, i = 0) {
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  const link = daemon('link', p.links[i]);
  await link.event('session-up');
  return { gateway, link };
}
const exchange = async (p, i, lane, text) => {
  const app = await application();
  await app.send(`${text} out`, p.inputs[i][lane]);
  const there = await p.out[i][lane].take(`${text} out`);
  await p.out[i][lane].send(`${text} back`, there.from.port);
  const back = await app.take(`${text} back`);
  check(back.from.port === p.inputs[i][lane], 'the answer does not come from the port of the lane');
  await app.close();
};

// A relay that keeps every datagram, in the place of the network between a link and the gateway.
async function recorder(port) {
  const near = dgram.createSocket('udp4'), far = dgram.createSocket('udp4');
  const seen = [];
  let link;
  near.on('message', (bytes, from) => { link = from; seen.push({ bytes, up: true }); far.send(bytes, port, '127.0.0.1'); });
  far.on('message', (bytes) => { seen.push({ bytes, up: false }); near.send(bytes, link.port, '127.0.0.1'); });
  for (const s of [near, far]) await new Promise((done) => s.bind(0, '127.0.0.1', done));
  cleanups.push(async () => { for (const s of [near, far]) await new Promise((done) => s.close(done)); });
  return { port: near.address().port, seen };
}
// The datagrams as a capture: raw IPv4, drone 10.0.0.2:40000, gateway 10.0.0.1:5710.
function pcap(file, seen) {
  const parts = [Buffer.from('d4c3b2a1020004000000000000000000ffff0000e4000000', 'hex')];
  seen.forEach(({ bytes, up }, i) => {
    const head = Buffer.alloc(28), record = Buffer.alloc(16);
    head.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17], 0);
    head.writeUInt16BE(28 + bytes.length, 2);
    head.set(up ? [10, 0, 0, 2, 10, 0, 0, 1] : [10, 0, 0, 1, 10, 0, 0, 2], 12);
    head.writeUInt16BE(up ? 40000 : 5710, 20);
    head.writeUInt16BE(up ? 5710 : 40000, 22);
    head.writeUInt16BE(8 + bytes.length, 24);
    record.writeUInt32LE(i, 0);
    record.writeUInt32LE(head.length + bytes.length, 8);
    record.writeUInt32LE(head.length + bytes.length, 12);
    parts.push(record, head, bytes);
  });
  fs.writeFileSync(file, Buffer.concat(parts));
}

await test('tshark reads a capture by the dissector, and with the tags of an end', async (dir) => {
  if (spawnSync('tshark', ['--version']).status !== 0) throw new Skip('tshark is not installed');
  const p = await place(dir);
  const wire = await recorder(p.port);
  fs.writeFileSync(p.links[0], fs.readFileSync(p.links[0], 'utf8').replace(`127.0.0.1:${p.port}`, `127.0.0.1:${wire.port}`));
  await bothUp(p);
  for (const lane of lanes) await exchange(p, 0, lane, `seen ${lane}`);
  const tags = path.join(dir, 'tags'), capture = path.join(dir, 'capture.pcap');
  fs.writeFileSync(tags, good(['status', '--tags', '-c', p.config]).out);
  check(JSON.parse(good(['status', '--tags', '--json', '-c', p.config]).out).tags.length > 10, 'tags as JSON');
  pcap(capture, wire.seen);
  const read = (...more) => {
    const args = ['-X', `lua_script:${path.resolve('examples/wireshark/ch2.lua')}`, ...more, '-r', capture, '-T', 'fields', '-E', 'separator=;',
      ...['_ws.col.Protocol', 'ch2.type', 'ch2.frag_idx', 'ch2.suite', 'ch2.lane', 'ch2.peer', 'ch2.direction', 'ch2.tag', '_ws.col.Info', '_ws.malformed'].flatMap((f) => ['-e', f])];
    const r = spawnSync('tshark', args, { encoding: 'utf8', timeout: 60000 });
    check(r.status === 0 && !/[Ll]ua.*[Ee]rror/.test(r.stderr + r.stdout), `tshark ended with ${r.status}: ${r.stderr}`);
    return r.stdout.trim().split('\n').map((l) => l.split(';'));
  };
  const plain = read(), named = read('-o', `ch2.tags:${tags}`);
  check(plain.length === wire.seen.length && plain.every((l) => l[0] === 'CH2' && l[9] === ''), 'each datagram is CH2 and well formed');
  const kinds = (rows) => [...new Set(rows.map((l) => l[1]).filter(Boolean))].sort().join();
  check(['1', '2', '3', '4', '5', '6'].every((k) => kinds(plain).split(',').includes(k)), `handshake frames: ${kinds(plain)}`);
  check(plain.some((l) => l[1] === '3' && l[2] === '0' && /^0x0*1$/.test(l[3])), 'the suites of INIT');
  const data = wire.seen.map((d, i) => ({ ...d, i })).filter((d) => !d.bytes.subarray(0, 6).equals(Buffer.from('c44832485301', 'hex')));
  check(data.length > 6 && data.every((d) => plain[d.i][7].replaceAll(':', '') === d.bytes.subarray(0, 6).toString('hex')), 'tags');
  check(data.every((d) => plain[d.i][4] === ''), 'a lane is known without being told');
  check(data.every((d) => named[d.i][5] === 'drone-1' && named[d.i][6] === (d.up ? 'received' : 'sent')), 'peers and directions');
  for (const lane of ['0', '1', '2', '4']) check(data.some((d) => named[d.i][4] === lane), `lane ${lane} is not named`);
  check(named.some((l) => /DATA video, kyber-0, drone-1 received, 9 bytes|DATA video/.test(l[8])), 'the line of a packet');
});

// ---- data ----

await test('init, gateway and link carry each lane both ways, and end cleanly', async (dir) => {
  const p = await place(dir);
  for (const f of [p.config, ...p.links]) good(['config', 'check', f]);
  const again = run(['init', dir, '--no-passphrase']);
  check(again.code === 5 && /already/.test(again.err), `init twice: ${again.code} ${again.err}`);
  for (const f of ['gateway.pem', 'links/drone-1.pem'])
    check((fs.statSync(path.join(dir, f)).mode & 0o777) === 0o600, `${f} may be read by others`);
  check((fs.statSync(path.join(dir, 'state')).mode & 0o777) === 0o700, 'state/ may be read by others');
  const { gateway, link } = await bothUp(p);
  for (const lane of lanes) await exchange(p, 0, lane, `first ${lane}`);
  const big = await application();
  await big.send(randomBytes(1300), p.inputs[0].video);
  await big.send(randomBytes(9000), p.inputs[0].video);
  await until('both count as TOO_BIG', 2000, () => status(p.links[0])?.drops.TOO_BIG === 2);
  const sock = path.join(dir, 'state/run/head2.sock');
  check((fs.statSync(sock).mode & 0o777) === 0o600, 'others may use the control socket');
  await link.stop();
  check(link.code === 0, `the link ended with ${link.code}`);
  await gateway.event('session-down', 1000, (e) => e.detail.reason === 'shutdown');
  const began = Date.now();
  await gateway.stop();
  check(gateway.code === 0 && Date.now() - began < 1500, `the gateway ended with ${gateway.code}`);
  check(!fs.existsSync(sock), 'the control socket is left behind');
  const r = good(['ledger', 'verify', path.join(dir, 'state/ledger'), '--key', path.join(dir, 'gateway.pub.pem')]);
  check(/^5 entries, 5 of them signed, \d checkpoints, 0 faults/.test(r.out), `ledger: ${r.out}`);
  check(entries(dir).map((e) => e.kind).join() === 'keygen,keygen,provisioning,restart,keygen', 'what is recorded');
  check(!fs.existsSync(path.join(dir, 'state/ledger/ledger.sock')), 'the ledger\'s socket is left behind');
});

await test('status tells people and programs the same', async (dir) => {
  const p = await place(dir);
  const none = run(['status', '-c', p.config]);
  check(none.code === 4 && /no daemon answers/.test(none.err), `without a daemon: ${none.code} ${none.err}`);
  await bothUp(p);
  await exchange(p, 0, 'telemetry', 'one');
  const g = await until('the gateway shows the session', 2000, () => {
    const s = status(p.config);
    return s?.peers[0].up && s.receipts.count === 2 && s.receipts.signed === 5 ? s : null;
  });
  const peer = g.peers[0];
  check(g.role === 'gateway' && g.peers.length === 1 && peer.name === 'drone-1', 'names');
  check(peer.suite === 'CH2-L5' && peer.session_key_id === 'kyber-0', `${peer.suite} ${peer.session_key_id}`);
  check(peer.rx_packets.telemetry === 1 && peer.tx_packets.telemetry === 1, JSON.stringify(peer.rx_packets));
  check(peer.handshake_us > 0 && peer.handshake_bytes > 10000, 'handshake');
  check(peer.bytes_to_rotation < peer.rotate_bytes && peer.us_to_rotation < peer.rotate_us, 'limits');
  check(Object.keys(g.drops).length === 0, `drops: ${JSON.stringify(g.drops)}`);
  check(status(p.links[0]).role === 'link', 'the link answers too');
  const screen = good(['status', '-c', p.config]).out;
  for (const words of ['peer: drone-1', 'kyber-0', 'CH2-L5', 'handshake', 'receipts    2 recorded, last keygen 0', 'ledger      5 entries, 5 signed', peer.address])
    check(screen.includes(words), `the screen lacks ${words}:\n${screen}`);
  // clients that misbehave are dropped, and nobody else notices
  const sock = path.join(dir, 'state/run/head2.sock');
  const answer = await new Promise((done) => {
    const c = net.connect(sock);
    let all = '';
    c.on('data', (d) => { all += d; });
    c.on('error', () => {}); // cut off with words unread: a reset, if it comes after the answers
    c.on('close', () => done(all));
    c.write('nonsense\n{"op":"dance"}\n' + 'x'.repeat(3000));
  });
  const lines = answer.trim().split('\n').map((l) => JSON.parse(l));
  check(lines.length === 2 && lines[0].error && lines[1].error === 'unknown operation', answer);
  const ask = (line) => new Promise((done) => {
    const c = net.connect(sock, () => c.write(`${line}\n`));
    c.on('data', (d) => { done(d.toString()); c.destroy(); });
  });
  check(/no such peer/.test(await ask('{"op":"rotate","peer":"drone-9"}')), 'rotation of a stranger');
  check((await ask('{"op":"rotate","peer":"drone-1"}')).trim() === '{}', 'rotation on demand');
  await until('the key is a new one', 3000, () => status(p.config).peers[0].rotations.request === 1);
  const after = status(p.config).peers[0];
  check(after.session_key_id !== 'kyber-0', 'the old key is in use');
  check(after.last_rotation.cause === 'request' && after.last_rotation.fresh && after.last_rotation.signed, JSON.stringify(after.last_rotation));
  check(g.peers[0].last_rotation === null && Object.values(after.rx_missing).every((n) => n === 0), 'last rotation, missing');
  check(/last  .*none in this session/.test(screen), screen);
  // again and again: the second screen has rates
  const watch = spawn(head2, ['status', '--watch', '-c', p.config]);
  let seen = '';
  watch.stdout.on('data', (d) => { seen += d; });
  for (let i = 0; i < 30; i++) { await exchange(p, 0, 'video', `rate ${i}`); await sleep(40); }
  await until('two screens', 4000, () => seen.split('gateway: ').length > 2);
  watch.kill('SIGINT');
  check(await new Promise((done) => watch.on('close', done)) === 0, 'ended by Ctrl-C');
  check(/last +[\d.]+ s ago, by request, signed/.test(seen), seen);
  check(/rate in +0\.\d+ Mbit\/s: video \d+, control \d+ packets\/s\n/.test(seen) && /rate out +0\.\d+ Mbit/.test(seen), seen);
  check(/loss +0\.0 % of what was sent to us/.test(seen), seen);
});

await test('keys rotate by time and by bytes while nothing is lost', async (dir) => {
  const edit = (t) => t.replace('seconds: 60, bytes: 100000000', 'seconds: 5, bytes: 1000000');
  const p = await place(dir, { edit, editLink: edit });
  const { gateway, link } = await bothUp(p);
  const app = await application();
  const bytes = Buffer.alloc(1172, 7);
  let sent = 0;
  const end = Date.now() + 6500;
  while (Date.now() < end) { // 1 MB in the first second, then little: bytes fire, then time does
    const fast = sent < 1200;
    for (let k = 0; k < (fast ? 8 : 1); k++) {
      bytes.writeUInt32BE(sent++);
      await app.send(bytes, p.inputs[0].video);
    }
    await sleep(fast ? 5 : 20);
  }
  await until('everything has arrived', 2000, () => p.out[0].video.got.length >= sent);
  const numbers = p.out[0].video.got.map((m) => m.bytes.readUInt32BE());
  check(numbers.length === sent && new Set(numbers).size === sent, `${sent} sent, ${numbers.length} arrived`);
  check(p.out[0].video.got.every((m) => m.bytes.length === 1172 && m.bytes[1171] === 7), 'content');
  const causes = link.events.filter((e) => e.event === 'rotation').map((e) => e.detail.cause);
  check(causes.includes('bytes'), `no rotation by bytes: ${causes}`);
  check(causes.includes('time'), `no rotation by time: ${causes}`);
  const s = status(p.config);
  const rotations = Object.values(s.peers[0].rotations).reduce((a, b) => a + b, 0);
  check(rotations >= 2, `the gateway counts ${rotations} rotations`);
  check(s.peers[0].session_key_id !== 'kyber-0', s.peers[0].session_key_id);
  await link.stop();
  await gateway.stop();
  good(['ledger', 'verify', path.join(dir, 'state/ledger')]);
  const texts = entries(dir).filter((e) => e.kind === 'rotation').map((e) => e.text);
  // one more may have come between the status and the end: the log has them all
  const logged = gateway.events.filter((e) => e.event === 'rotation').length;
  check(texts.length === logged && logged >= rotations, `${texts.length} receipts of ${logged} rotations`);
  // and each says what the log says
  for (const e of gateway.events.filter((x) => x.event === 'rotation')) {
    const text = [`Old Key ID: ${e.detail.old_key_id}`, `New Key ID: ${e.key_id}`, `Reason: ${e.detail.cause}`,
      'Peer: drone-1', 'Profile: CH2-L5',
      `Dilithium Signature: ${e.detail.signed ? 'verified' : 'none (ratchet step)'}`];
    check(texts.some((shown) => /^# Key Rotation Event \d+\n/.test(shown) &&
      text.every((line) => shown.split('\n').includes(line))), `no receipt says ${text}`);
  }
});

// ---- crashes ----

for (const victim of ['gateway', 'link'])
  await test(`a killed ${victim} is back within two seconds of its restart`, async (dir) => {
    const p = await place(dir);
    const ends = await bothUp(p);
    await exchange(p, 0, 'telemetry', 'before');
    await ends[victim].stop('SIGKILL');
    const began = Date.now();
    const again = daemon(victim, victim === 'gateway' ? p.config : p.links[0]);
    await again.event('start');
    const app = await application();
    let n = 0;
    await until('data flows again', 2000, async () => {
      await app.send(`again ${n++}`, p.inputs[0].telemetry);
      return p.out[0].telemetry.got.some((m) => m.text.startsWith('again'));
    });
    check(Date.now() - began < 2100, 'it took longer');
    await exchange(p, 0, 'logs', 'after');
  });

// ---- an address that changes ----

// Stands where the link looks for its gateway, and speaks to the gateway from a port of its own, which
// rebind() changes as a box between the two might.
async function translator(port) {
  const inside = dgram.createSocket('udp4');
  let outside, drone;
  const rebind = async () => {
    outside?.close();
    outside = dgram.createSocket('udp4');
    outside.on('message', (bytes) => { if (drone) inside.send(bytes, drone); });
    await new Promise((done) => outside.bind(0, '127.0.0.1', done));
    return outside.address().port;
  };
  await rebind();
  inside.on('message', (bytes, from) => { drone = from.port; outside.send(bytes, port, '127.0.0.1'); });
  await new Promise((done) => inside.bind(0, '127.0.0.1', done));
  cleanups.push(() => { inside.close(); outside.close(); });
  return { port: inside.address().port, rebind };
}

await test('a link that comes from another port is the same session', async (dir) => {
  const p = await place(dir);
  const nat = await translator(p.port);
  fs.writeFileSync(p.links[0], fs.readFileSync(p.links[0], 'utf8').replace(`127.0.0.1:${p.port}`, `127.0.0.1:${nat.port}`));
  const { gateway, link } = await bothUp(p);
  await exchange(p, 0, 'telemetry', 'before');
  const session = status(p.config).peers[0].session;
  const app = await application();
  await app.send('hello', p.inputs[0].telemetry);
  const there = await p.out[0].telemetry.take('hello');
  let sent = 0;
  const fly = async (ms) => {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(10)) {
      await app.send(`up ${sent}`, p.inputs[0].telemetry);
      await p.out[0].telemetry.send(`down ${sent++}`, there.from.port);
    }
  };
  await fly(300);
  const before = sent;
  const port = await nat.rebind();
  await fly(2000);
  const moved = await gateway.event('path-moved', 100);
  const after = sent;
  await fly(500);
  check(moved.peer === 'drone-1' && moved.detail.address === `127.0.0.1:${port}`, JSON.stringify(moved));
  await sleep(100);
  const ups = p.out[0].telemetry.got.filter((m) => m.text.startsWith('up ')).length;
  const down = new Set(app.got.map((m) => m.text));
  const lost = [...Array(sent).keys()].filter((n) => !down.has(`down ${n}`));
  check(sent - ups <= 5, `${sent - ups} of ${sent} lost on the way up`); // what the old socket held
  // and down what was sent within 300 ms, before both addresses were used
  check(lost.length > 0 && lost.every((n) => n >= before - 2 && n < before + 45), `lost on the way down: ${lost}`);
  check(after < sent && !lost.some((n) => n >= after), `lost after the move: ${lost}`);
  const s = status(p.config);
  check(s.peers[0].session === session && s.peers[0].address === `127.0.0.1:${port}`, JSON.stringify(s.peers[0]));
  check(s.drops.PATH_MOVED === 1, JSON.stringify(s.drops));
  for (const d of [gateway, link])
    check(d.events.filter((e) => e.event === 'session-up').length === 1 &&
      !d.events.some((e) => e.event === 'suspect' || e.event === 'session-down'), d.lines.join('\n'));
});

// ---- who may ---- 

await test('a drone that is not registered is rejected and gets no session', async (dir) => {
  const p = await place(dir, { drones: 2, edit: (t) => t.replace(/^ {2}- { name: drone-2.*\n/m, '') });
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  const link = daemon('link', p.links[1]);
  await link.event('REJECTED');
  check(!link.events.some((e) => e.event === 'session-up'), 'a session came up');
  check(status(p.links[1]).peers[0].up === false, 'the link shows a session');
  check(Object.keys(status(p.config).drops).length > 0, 'the gateway counts nothing');
});

await test('a link with the key of another gateway gets no session', async (dir) => {
  const p = await place(dir);
  good(['key', 'generate', '--no-passphrase', '--no-receipt', '--out', path.join(dir, 'x.pem'),
    '--public-out', path.join(dir, 'x.pub.pem')]);
  fs.copyFileSync(path.join(dir, 'x.pub.pem'), path.join(dir, 'links/gateway.pub.pem'));
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  const link = daemon('link', p.links[0]);
  await link.event('start');
  await until('the gateway counts BAD_MAC1', 3000, () => status(p.config)?.drops.BAD_MAC1 > 0);
  check(!link.events.some((e) => e.event === 'session-up'), 'a session came up');
});

await test('CH2-L1X4 works when both ends name it, with a warning that says why not', async (dir) => {
  const edit = (t) => t.replace('[CH2-L5]', '[CH2-L1X4]');
  const p = await place(dir, { edit, editLink: edit });
  const { gateway, link } = await bothUp(p);
  await exchange(p, 0, 'video', 'weak');
  check(status(p.config).peers[0].suite === 'CH2-L1X4', 'suite');
  for (const d of [gateway, link]) {
    const e = await d.event('weak-suite');
    check(e.level === 'warning' && /AES-128.*level 1/.test(e.detail.text), JSON.stringify(e));
    check(d.lines.some((l) => /^head2: .*CH2-L1X4.*AES-128/.test(l)), 'no plain line');
  }
});

await test('CH2-L5-P384 with rotations that are not signed: named in status, events and receipts', async (dir) => {
  const edit = (t) => t.replace('[CH2-L5]', '[CH2-L5-P384]').replace(/seconds: \d+/, 'seconds: 5').replace('overlap: 5', 'overlap: 5, mac_only: true');
  const p = await place(dir, { edit, editLink: edit });
  const { gateway } = await bothUp(p);
  await exchange(p, 0, 'telemetry', 'hybrid');
  check(status(p.config).peers[0].suite === 'CH2-L5-P384', 'suite');
  const rotated = await gateway.event('rotation');
  check(rotated.detail.fresh === true && rotated.detail.signed === false, JSON.stringify(rotated));
  check(/last  .* ago, by \w+, MAC only\n/.test(good(['status', '-c', p.config]).out), 'the screen says something else');
  await until('a receipt says so', 2000, () => entries(dir).some((e) =>
    e.kind === 'rotation' && /Dilithium Signature: none \(MAC-only rotation\)/.test(e.text)));
  await exchange(p, 0, 'telemetry', 'after');
});

// ---- new configuration ----

await test('SIGHUP adds and removes drones and leaves the others alone', async (dir) => {
  const p = await place(dir, { drones: 2, edit: (t) => t.replace(/^ {2}- { name: drone-2.*\n/m, '') });
  const { gateway } = await bothUp(p);
  await exchange(p, 0, 'telemetry', 'one');
  const session = status(p.config).peers[0].session;
  fs.writeFileSync(p.config, 'lanes: [\n');
  gateway.child.kill('SIGHUP');
  await gateway.event('config-refused', 3000, (e) => /head2\.yaml:\d+:\d+/.test(e.detail.text));
  await exchange(p, 0, 'telemetry', 'broken');
  fs.writeFileSync(p.config, p.text.replace(`:${p.port}`, ':1').replace('seconds: 60', 'seconds: 30'));
  gateway.child.kill('SIGHUP');
  await gateway.event('provisioning', 3000, (e) => e.peer === 'drone-2');
  await gateway.event('config-needs-restart', 3000, (e) => /listen\.udp/.test(e.detail.text));
  const second = daemon('link', p.links[1]);
  await second.event('session-up');
  await exchange(p, 1, 'video', 'two');
  const s = status(p.config);
  check(s.peers[0].session === session && s.rotate.seconds === 30, 'the first session was replaced');
  const out = await application(); // and a lane of the first comes out elsewhere
  fs.writeFileSync(p.config, p.text.replace(/^ {2}- { name: drone-2.*\n/m, '')
    .replace(`telemetry: "127.0.0.1:${p.out[0].telemetry.port}"`, `telemetry: "127.0.0.1:${out.port}"`));
  gateway.child.kill('SIGHUP');
  await gateway.event('revocation', 3000, (e) => e.peer === 'drone-2');
  const app = await application();
  await app.send('elsewhere', p.inputs[0].telemetry);
  await out.take('elsewhere');
  const last = status(p.config);
  check(last.peers.length === 1 && last.peers[0].session === session, 'the first session was replaced');
});

await test('a folder of peer files is read like a list', async (dir) => {
  const p = await place(dir, { drones: 2 });
  fs.mkdirSync(path.join(dir, 'peers'));
  for (const [, name, rest] of p.text.matchAll(/- { name: (drone-\d), key: (.*) }\n/g))
    fs.writeFileSync(path.join(dir, 'peers', `${name}.yaml`), `{ name: ${name}, key: ../${rest} }\n`);
  fs.writeFileSync(p.config, p.text.replace(/peers:[\s\S]*/, 'peers: peers\n'));
  check(/2 peers/.test(good(['config', 'check', p.config]).out), 'two peers');
  await bothUp(p, 1);
  await exchange(p, 1, 'logs', 'folder');
});

// ---- what is refused ----

await test('a broken configuration names file, line, column and key', async (dir) => {
  const p = await place(dir);
  const cases = [
    [(t) => t.replace('rotate:', 'rotat:'), /head2\.yaml:4:\d+: rotat: unknown key; did you mean 'rotate'\?/],
    [(t) => t.replace('video:', 'vidoe:'), /head2\.yaml:8:\d+: peers\[0\]\.lanes\.vidoe: unknown key; did you mean 'video'/],
    [(t) => t + 'seal: { policy: strict }\n', /head2\.yaml:9:\d+: seal: not in this version/],
    [(t) => t.replace('control:', 'http: "127.0.0.1:8000", control:'), /:3:\d+: listen\.http: not in this version/],
    [(t) => t + 'state: other\n', /head2\.yaml:9:1: state: given before, at line 6/],
    [(t) => t.replace('seconds: 60', 'seconds: 1'), /:4:\d+: rotate\.seconds: '1' is not a number from 5/],
    [(t) => t.replace('seconds: 60', 'seconds: fast'), /rotate\.seconds: 'fast' is not a number/],
    [(t) => t + 'limits: { exempt: 10.0.0.0/8 }\n', /:9:\d+: limits\.exempt: not a list of networks/],
    [(t) => t + 'limits: { exempt: ["10.0.0.0/8", "10.0.0.1/24"] }\n', /limits\.exempt\[1\]: '10\.0\.0\.1\/24' is not a network/],
    [(t) => t + 'limits: { exempt: ["2001:db8::/129"] }\n', /limits\.exempt\[0\]: '2001:db8::\/129' is not a network/],
    [(t) => t.replace('[CH2-L5]', '[CH2-L9]'), /:5:\d+: suites\[0\]: unknown suite/],
    [(t) => t.replace('overlap: 5', 'overlap: 5, mac_only: yes'), /rotate\.mac_only: 'yes' is neither/],
    [(t) => t.replace('"127.0.0.1:', '"localhost:'), /listen\.udp: 'localhost:\d+' is not an IP address/],
    [(t) => t.replace('drone-1.pub.pem', 'nothing.pem'), /:8:\d+: peers\[0\]\.key: cannot read the key .*nothing\.pem/],
    [(t) => t.replace('key: drone-1.pub.pem', 'key: links/drone-1.pem'), /:8:\d+: peers\[0\]\.key: .*drone-1\.pem holds a private key, which has no place here; name/],
    [(t) => t.replace('state:    state', 'state: &a state'), /:6:\d+: anchors, aliases and tags/],
    [(t) => t.replace('state:    state', 'state: [x'), /head2\.yaml:\d+:\d+: did not find/],
    [(t) => t.replace('state:    state', 'state:'), /:6:\d+: state: no value/],
    [(t) => t.replace(/identity.*\n/, ''), /the key 'identity' is missing/],
    [(t) => t + '---\nstate: b\n', /a second document/],
    [() => '', /the file is empty/],
    [() => '[1, 2]', /not a list of keys/],
    [() => '{a: {a: {a: {a: {a: {a: {a: 1}}}}}}}', /nested deeper/],
    [() => Buffer.from([0x61, 0x3a, 0xff, 0xfe]), /head2\.yaml:\d+:\d+: /],
    [() => '#'.repeat((1 << 20) + 1), /longer than 1 MiB/],
  ];
  for (const [edit, words] of cases) {
    fs.writeFileSync(p.config, edit(p.text));
    for (const args of [['config', 'check', p.config], ['gateway', '-c', p.config]]) {
      const r = run(args);
      check(r.code === 3, `${words}: ${args[0]} ended with ${r.code}: ${r.err}`);
      check(words.test(r.err) && /^[^\n]+\n$/.test(r.err), `${words} is not in: ${r.err}`);
    }
  }
  for (const list of ['[]', '["10.1.0.0/16", "192.0.2.7", "::1", "2001:db8::/32"]']) {
    fs.writeFileSync(p.config, `${p.text}limits: { exempt: ${list} }\n`);
    good(['config', 'check', p.config]);
  }
  // the identity is looked at too, as the daemon would, except behind its passphrase
  fs.writeFileSync(p.config, p.text);
  const identity = path.join(dir, 'gateway.pem'), kept = fs.readFileSync(identity);
  const other = path.join(dir, 'other.pem');
  good(['key', 'generate', '--type', 'ML-KEM-768', '--no-passphrase', '--no-receipt', '--out', other]);
  const identities = [
    [() => fs.copyFileSync(path.join(dir, 'gateway.pub.pem'), identity), 3, /this is a public ML-DSA-87 key; name a private ML-DSA-87 key/],
    [() => fs.copyFileSync(other, identity), 3, /this is an ML-KEM-768 key/],
    [() => fs.writeFileSync(identity, 'junk'), 3, /neither a PEM nor a DER key/],
    [() => { fs.writeFileSync(identity, kept); fs.chmodSync(identity, 0o640); }, 5, /can be read by others; chmod 600/],
    [() => fs.unlinkSync(identity), 3, /No such file/],
  ];
  for (const [spoil, code, words] of identities) {
    spoil();
    const r = run(['config', 'check', p.config]);
    check(r.code === code && words.test(r.err) && /head2\.yaml:\d+:\d+: identity\.key: /.test(r.err), `identity: ${r.code} ${r.err}`);
    check(run(['gateway', '-c', p.config]).code === code, `the daemon and the check differ: ${words}`);
  }
  fs.writeFileSync(identity, kept, { mode: 0o600 });
  fs.writeFileSync(path.join(dir, 'pw'), 'correct horse\n', { mode: 0o600 });
  fs.renameSync(identity, other);
  good(['key', 'convert', other, '--new-passphrase-file', path.join(dir, 'pw'), '--out', identity]);
  good(['config', 'check', p.config]);
  const link = fs.readFileSync(p.links[0], 'utf8');
  for (const [text, words] of [
    [p.text, /drone-1\.yaml:3:\d+: listen: this is the file of a gateway; run it with 'head2 gateway'/],
    [link.replace('late: drop', 'late: maybe'), /drone-1\.yaml:5:\d+: lanes\.telemetry\.late: 'maybe'/],
    [link.replace('lanes:', 'tun: { name: h0 }\nlanes:'), /tun: the key 'address' is missing/],
    [link.replace(/endpoints: \[.*\]/, 'endpoints: []'), /gateway\.endpoints: not a list of 1 to 4/],
  ]) {
    fs.writeFileSync(p.links[0], text);
    const r = run(['link', '-c', p.links[0]]);
    check(r.code === 3 && words.test(r.err), `${words} is not in: ${r.err}`);
  }
  fs.writeFileSync(p.links[0], link);
  const r = run(['gateway', '-c', p.links[0]]);
  check(r.code === 3 && /drone-1\.yaml:3:\d+: gateway: this is the file of a link; run it with 'head2 link'/.test(r.err), r.err);
});

await test('the control socket takes the place of no file and of no daemon that answers', async (dir) => {
  const p = await place(dir);
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  const other = await freePort();
  const second = path.join(dir, 'second.yaml');
  const text = fs.readFileSync(p.config, 'utf8').replace(`:${p.port}"`, `:${other}"`).replace(/state: +state/, 'state: state2');
  const key = path.join(dir, 'gateway.pem');
  fs.writeFileSync(second, text.replace('run/head2.sock', '../state/run/head2.sock'));
  let r = run(['gateway', '-c', second]);
  check(r.code === 5 && /another daemon answers at this control socket; name another/.test(r.err), `taken: ${r.code} ${r.err}`);
  check(status(p.config) !== null, 'the first gateway has lost its control socket');
  const before = fs.readFileSync(key, 'utf8');
  fs.writeFileSync(second, text.replace('run/head2.sock', '../gateway.pem'));
  r = run(['gateway', '-c', second]);
  check(r.code === 5 && /a file here that is not a socket/.test(r.err), `file: ${r.code} ${r.err}`);
  check(fs.readFileSync(key, 'utf8') === before, 'the key is gone');
  await gateway.stop('SIGKILL');
  const again = daemon('gateway', p.config); // over the socket that the killed one left
  await again.event('start');
  check(status(p.config) !== null, 'no answer after a restart');
});

await test('port in use, folder in use, damaged state: one line each, and what to do', async (dir) => {
  const p = await place(dir);
  const taken = await application(p.port);
  let r = run(['gateway', '-c', p.config]);
  check(r.code === 5 && new RegExp(`listen\\.udp: UDP 127\\.0\\.0\\.1:${p.port} is in use; stop`).test(r.err), `port: ${r.code} ${r.err}`);
  await taken.close();
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  r = run(['gateway', '-c', p.config]);
  check(r.code === 5 && r.err.includes(`process ${gateway.pid}`), `lock: ${r.code} ${r.err}`);
  await gateway.stop();
  const file = path.join(dir, 'state/incarnation');
  const before = Number(fs.readFileSync(file, 'utf8').split('\n')[1]);
  for (const text of ['', 'head2-incarnation 1\n', 'head2-incarnation 1\n12x\n', 'what\n', randomBytes(100)]) {
    fs.writeFileSync(file, text);
    r = run(['gateway', '-c', p.config]);
    check(r.code === 3 && /incarnation: the file is damaged; restore/.test(r.err), `damaged: ${r.code} ${r.err}`);
  }
  fs.writeFileSync(file, 'head2-incarnation 2\n5\n');
  r = run(['gateway', '-c', p.config]);
  check(r.code === 3 && /newer version/.test(r.err), `newer: ${r.code} ${r.err}`);
  fs.writeFileSync(file, `head2-incarnation 1\n${before + 1e9}\n`); // the clock was ahead: still upwards
  const again = daemon('gateway', p.config);
  const e = await again.event('start');
  check(e.detail.incarnation === before + 1e9 + 1, `${e.detail.incarnation}`);
});

await test('a command does not wait for the video that was there before it', async (dir) => {
  const p = await place(dir);
  const sink = p.out[0].telemetry; // both lanes come out at one port, which so sees the order
  fs.writeFileSync(p.config, p.text.replace(/(name: drone-1,.*video: "127.0.0.1:)\d+/, `$1${sink.port}`));
  const { link } = await bothUp(p);
  const app = await application();
  await app.send('warm', p.inputs[0].video);
  await sink.take('warm');
  link.child.kill('SIGSTOP');
  await until('the link stands still', 2000, () => / T /.test(fs.readFileSync(`/proc/${link.pid}/stat`, 'latin1')));
  for (let i = 0; i < 300; i++) await app.send(`${i} video ${'x'.repeat(1100)}`, p.inputs[0].video);
  await app.send('command', p.inputs[0].telemetry);
  const before = sink.got.length;
  link.child.kill('SIGCONT');
  await until('all is there', 3000, () => sink.got.length === before + 301);
  check(sink.got[before].text === 'command', `the command came after ${sink.got.findIndex((m) => m.text === 'command') - before} of video`);
});

await test('junk on the port does not stop the gateway', async (dir) => {
  const p = await place(dir);
  await bothUp(p);
  const app = await application();
  const magic = Buffer.from('C44832485301', 'hex');
  for (let i = 0; i < 20000; i += 100) {
    const batch = [];
    for (let k = 0; k < 100; k++) {
      const bytes = randomBytes(k % 3 === 0 ? Math.floor(Math.random() * 1473) : 60 + k);
      if (k % 3 === 1) magic.copy(bytes);
      batch.push(app.send(bytes, p.port));
    }
    await Promise.all(batch);
  }
  await exchange(p, 0, 'telemetry', 'through the junk');
  const s = status(p.config);
  const dropped = Object.values(s.drops).reduce((a, b) => a + b, 0);
  check(dropped > 10000, `only ${dropped} of 20000 were counted`);
  check(s.peers[0].up, 'the session is gone');
});

// ---- disks ----

function ownedByNobody(dir) {
  for (const f of fs.readdirSync(dir, { recursive: true })) fs.lchownSync(path.join(dir, f), NOBODY, NOBODY);
  fs.chownSync(dir, NOBODY, NOBODY);
}

await test('a state folder that cannot be written is refused', async (dir) => {
  if (!isRoot) throw new Skip('needs root, to become nobody');
  const p = await place(dir);
  ownedByNobody(dir);
  fs.chownSync(path.join(dir, 'state'), 0, 0);
  fs.chmodSync(path.join(dir, 'state'), 0o755);
  const r = run(['gateway', '-c', p.config], { uid: NOBODY, gid: NOBODY });
  check(r.code === 5 && /state.*(ermission|owner)/.test(r.err), `${r.code} ${r.err}`);
  fs.chmodSync(path.join(dir, 'gateway.pem'), 0o644);
  const exposed = run(['gateway', '-c', p.config], { uid: NOBODY, gid: NOBODY });
  check(exposed.code === 5 && /gateway\.pem/.test(exposed.err), `${exposed.code} ${exposed.err}`);
});

await test('nobody can run both ends', async (dir) => {
  if (!isRoot) throw new Skip('needs root, to become nobody');
  const p = await place(dir);
  ownedByNobody(dir);
  const gateway = daemon('gateway', p.config, { uid: NOBODY, gid: NOBODY });
  await gateway.event('start');
  const link = daemon('link', p.links[0], { uid: NOBODY, gid: NOBODY });
  await link.event('session-up');
  await exchange(p, 0, 'video', 'small');
});

await test('a full disk stops receipts, not data, and receipts resume', async (dir) => {
  if (!isRoot) throw new Skip('needs root, to mount a small disk');
  const p = await place(dir);
  const state = path.join(dir, 'small');
  fs.mkdirSync(state, { mode: 0o700 });
  const m = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=0700', 'tmpfs', state]);
  if (m.status !== 0) throw new Skip('cannot mount a small disk here');
  cleanups.unshift(() => spawnSync('umount', ['-l', state]));
  fs.writeFileSync(p.config, p.text.replace('state:    state', 'state: small'));
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  await until('its start is recorded', 2000, () => status(p.config).receipts.count === 1);
  const filler = fs.openSync(path.join(state, 'filler'), 'w');
  try { for (;;) fs.writeSync(filler, Buffer.alloc(4096)); } catch (e) { check(e.code === 'ENOSPC', e.message); }
  fs.closeSync(filler);
  const link = daemon('link', p.links[0]);
  await link.event('session-up');
  await gateway.event('receipts-failing', 3000, (e) => /full/.test(e.detail.text));
  for (const lane of lanes) await exchange(p, 0, lane, `full ${lane}`);
  const s = status(p.config);
  check(/full/.test(s.receipts.failing) && s.receipts.waiting === 1, JSON.stringify(s.receipts));
  check(/FAILING/.test(good(['status', '-c', p.config]).out), 'the screen hides it');
  fs.unlinkSync(path.join(state, 'filler'));
  await gateway.event('receipts-resumed', 5000);
  check(status(p.config).receipts.count === 2, 'the receipt that waited');
  await until('it is signed', 2000, () => status(p.config).receipts.signed === 2);
  good(['ledger', 'verify', path.join(state, 'ledger')]);
});

await test('a ledger that stays full does not hold up the end, and what is lost is said', async (dir) => {
  if (!isRoot) throw new Skip('needs root, to mount a small disk');
  const p = await place(dir);
  const state = path.join(dir, 'small');
  fs.mkdirSync(state, { mode: 0o700 });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=0700', 'tmpfs', state]).status !== 0)
    throw new Skip('cannot mount a small disk here');
  cleanups.unshift(() => spawnSync('umount', ['-l', state]));
  fs.writeFileSync(p.config, p.text.replace('state:    state', 'state: small'));
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  await until('its start is recorded', 2000, () => status(p.config).receipts.count === 1);
  const filler = fs.openSync(path.join(state, 'filler'), 'w');
  try { for (;;) fs.writeSync(filler, Buffer.alloc(4096)); } catch (e) { check(e.code === 'ENOSPC', e.message); }
  fs.closeSync(filler);
  const link = daemon('link', p.links[0]);
  await link.event('session-up');
  await gateway.event('receipts-failing');
  const begin = Date.now();
  const { code } = await gateway.stop();
  check(code === 0, `ended with ${code}`);
  check(Date.now() - begin < 3500, `it took ${Date.now() - begin} ms`);
  await gateway.event('receipts-lost');
});

await test('others append through the daemon that owns the ledger', async (dir) => {
  const p = await place(dir);
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  const folder = path.join(dir, 'state/ledger');
  const key = path.join(dir, 'gateway.pem');
  check((fs.statSync(path.join(folder, 'ledger.sock')).mode & 0o777) === 0o600, 'others may use the ledger\'s socket');
  // twenty at once, each with its own file; all of them while the gateway records a session
  const files = Array.from({ length: 20 }, (_, i) => path.join(dir, `track-${i}.gpx`));
  for (const f of files) fs.writeFileSync(f, f);
  const signing = files.map((f) => new Promise((done) =>
    spawn(head2, ['sign', '--ledger', folder, '--key', key, f], { stdio: 'ignore' }).on('close', done)));
  const link = daemon('link', p.links[0]);
  check((await Promise.all(signing)).every((code) => code === 0), 'a signature was refused');
  await link.event('session-up');
  await until('all are signed', 3000, () => { const r = status(p.config).receipts; return r.brought === 20 && r.signed === r.entries; });
  const artifacts = entries(dir).filter((e) => e.kind === 'signature').map((e) => /^Artifact: (.*)$/m.exec(e.text)[1]);
  check(artifacts.length === 20 && new Set(artifacts).size === 20, artifacts.join());
  for (const [i, f] of files.entries()) {
    good(['verify', '--key', path.join(dir, 'gateway.pub.pem'), f]);
    const index = Number(/^receipt: "(\d+)"$/m.exec(fs.readFileSync(`${f}.sig.maml`, 'utf8'))[1]);
    check(entries(dir)[index].text.includes(`Artifact: track-${i}.gpx`), `${f}: its receipt is another's`);
  }
  // what is no request is refused, and nobody else notices
  const say = (text) => new Promise((done) => {
    const c = net.connect(path.join(folder, 'ledger.sock'));
    let all = '';
    c.on('data', (d) => { all += d; if (all.endsWith('\n')) c.end(); });
    c.on('close', () => done(all));
    c.on('error', () => done(all));
    c.end(text);
  });
  const entry = { index: 0, kind: 'text', time: '1970-01-01T00:00:00.000Z', subject: 'a', number: 0, text: 'x' };
  for (const bad of ['\n', '{}\n', '{"append": []}\n', '{"append": [1]}\n', JSON.stringify({ append: [{ ...entry, subject: 'ä' }] }) + '\n',
    JSON.stringify({ append: [entry, { ...entry, kind: 'none' }] }) + '\n'])
    check(/^{"error":"[^"]+"/.test(await say(bad)), `${bad} was answered with ${await say(bad)}`);
  check(await say('no line end') === '' && await say('x'.repeat(5 << 20) + '\n') === '', 'what is no line is dropped');
  const before = entries(dir).length;
  check(JSON.parse(await say(JSON.stringify({ append: [entry, entry] }) + '\n')).first === before, 'a request by hand');
  // silent ones take no place for ever, and do not stop the others
  const idle = Array.from({ length: 40 }, () => net.connect(path.join(folder, 'ledger.sock')).on('error', () => {}));
  fs.writeFileSync(path.join(dir, 'late.csv'), 'late');
  good(['sign', '--ledger', folder, '--key', key, path.join(dir, 'late.csv')]);
  idle.forEach((c) => c.destroy());
  // and when the daemon is gone they do it themselves: its key is not there, so it signs when it is back
  await gateway.stop();
  fs.writeFileSync(path.join(dir, 'after.csv'), 'after');
  good(['sign', '--ledger', folder, '--key', key, path.join(dir, 'after.csv')]);
  check(/, (\d+) of them signed/.exec(good(['ledger', 'verify', folder]).out)[1] == entries(dir).length - 1, 'the last is not signed yet');
  // a gateway with another key does not write into it
  good(['key', 'generate', '--no-passphrase', '--no-receipt', '--out', path.join(dir, 'other.pem')]);
  fs.writeFileSync(path.join(dir, 'other.yaml'), p.text.replace('gateway.pem', 'other.pem'));
  const r = run(['gateway', '-c', path.join(dir, 'other.yaml')]);
  check(r.code === 5 && /ledger\.sqlite: is of another identity, head2\/ledger\/[0-9a-f]{32}; use that key, or move the folder away/.test(r.err), `${r.code} ${r.err}`);
  const again = daemon('gateway', p.config);
  await again.event('start');
  await until('all are signed', 3000, () => { const r = status(p.config).receipts; return r.signed === r.entries; });
  good(['ledger', 'verify', folder, '--key', path.join(dir, 'gateway.pub.pem')]);
});

fs.rmSync(base, { recursive: true, force: true });
process.exit(failures === 0 ? 0 : 1);
