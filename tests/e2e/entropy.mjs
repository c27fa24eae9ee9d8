// Where a daemon's randomness comes from, with real processes: devices that go bad under a gateway
// (no new keys, the ratchet goes on, nothing weak leaves), a service with TLS, new configurations.
// The program is $HEAD2, else build/release/head2.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';

const head2 = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
if (!fs.existsSync(head2)) {
  console.log(`FAIL program: ${head2} is missing; build it, or set HEAD2`);
  process.exit(1);
}
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-entropy-'));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
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
function run(args) {
  const r = spawnSync(head2, args, { timeout: 20000, env: { PATH: process.env.PATH, HOME: base } });
  return { code: r.status, out: r.stdout.toString(), err: r.stderr.toString() };
}
function good(args) {
  const r = run(args);
  check(r.code === 0, `${args.join(' ')} ended with ${r.code}: ${r.err}`);
  return r;
}
async function freePort() {
  const socket = dgram.createSocket('udp4');
  await new Promise((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = socket.address();
  await new Promise((done) => socket.close(done));
  return port;
}

// A daemon and the events it logs.
function daemon(verb, config) {
  const child = spawn(head2, [verb, '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
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
  d.event = (name, ms = 3000, test_ = () => true) =>
    until(`event ${name} of ${verb} (${d.lines.slice(-3).join(' ')})`, ms,
      () => d.events.find((e) => e.event === name && test_(e)));
  d.stop = async () => { child.kill('SIGTERM'); return d.ended; };
  cleanups.push(async () => { if (d.code === undefined) { child.kill('SIGKILL'); await d.ended; } });
  return d;
}
const status = (config) => JSON.parse(good(['status', '--json', '-c', config]).out);
const source = (config, name) => status(config).entropy.sources.find((s) => s.name === name);

// A folder made by init, with ports of its own.
async function place(dir, { drones = 1, entropy = '' } = {}) {
  good(['init', dir, '--no-passphrase', '--drones', String(drones), '--listen', `127.0.0.1:${await freePort()}`]);
  const p = { dir, config: path.join(dir, 'head2.yaml'), links: [] };
  const quick = (t) => t.replace('seconds: 60', 'seconds: 5');
  p.text = quick(fs.readFileSync(p.config, 'utf8'));
  p.set = (text) => fs.writeFileSync(p.config, p.text + text);
  p.set(entropy);
  for (let i = 1; i <= drones; i++) {
    const link = path.join(dir, 'links', `drone-${i}.yaml`);
    let text = quick(fs.readFileSync(link, 'utf8'));
    for (const lane of ['telemetry', 'video', 'logs'])
      text = text.replace(new RegExp(`(${lane}: +{ listen: "127.0.0.1:)\\d+`), `$1${await freePort()}`);
    fs.writeFileSync(link, text);
    p.links.push(link);
  }
  return p;
}
function receipts(p, kind) {
  return good(['ledger', 'show', '--ledger', path.join(p.dir, 'state/ledger'), '--json']).out.trim().split('\n')
    .map((l) => JSON.parse(l)).filter((e) => e.kind === kind).map((e) => e.text + '\n');
}

// A device: a pipe that a test writes to, good bytes until it is told otherwise.
function device(dir, name) {
  const file = path.join(dir, name);
  check(spawnSync('mkfifo', [file]).status === 0, 'mkfifo');
  const fd = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  const put = (bytes) => {
    try { return fs.writeSync(fd, bytes) === bytes.length; } catch (e) { if (e.code !== 'EAGAIN') throw e; }
    return false; // full
  };
  const timer = setInterval(() => { if (d.good) put(randomBytes(1024)); }, 20);
  const d = { good: true, put };
  cleanups.push(() => { clearInterval(timer); fs.closeSync(fd); });
  return d;
}

// ---- devices that go bad ----

await test('a gateway whose devices go bad makes no key until they are good again', async (dir) => {
  const began = Date.now();
  const p = await place(dir, { drones: 2, entropy: `entropy:
  policy: single
  sources:
    - { name: qa, device: qa, h: 6.5, physical: true }
    - { name: qb, device: qb, h: 6.5, physical: true }
` });
  const qa = device(dir, 'qa'), qb = device(dir, 'qb');
  good(['config', 'check', p.config]);
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  const link = daemon('link', p.links[0]);
  await link.event('session-up');
  const up = await until('a receipt of the session', 2000, () => receipts(p, 'keygen').find((t) => /kyber-0/.test(t)));
  check(/^Entropy Sources: (qa|qb|qa, qb)$/m.test(up), up);
  check(/^Entropy Credited: seed (qa|qb) \d{3}/m.test(up), up);
  check(/^Entropy Health: q[ab] good/m.test(up), up);
  check(/^Random Generator: CTR_DRBG \(AES-256\), policy single, reseed strict$/m.test(up), up);
  await until('a signed rotation', 7000, () => gateway.events.find((e) => e.event === 'rotation' && e.detail.signed));

  // one sticks for nine bytes: put aside, and the other one does
  qa.good = false;
  const stuck = randomBytes(64).fill(8, 19, 30).fill(7, 20, 29);
  await until('there is room in the pipe', 5000, () => qa.put(stuck));
  const aside = await gateway.event('entropy-quarantined', 5000);
  check(aside.detail.text === 'repetition count test', JSON.stringify(aside));
  check(aside.level === 'error' && aside.detail.source === 'qa' && aside.detail.voided_bits > 0, JSON.stringify(aside));
  check(status(p.config).entropy.open, 'closed with a good device');

  // the other one repeats itself: nothing is left
  qb.good = false;
  const block = randomBytes(64);
  const bad = setInterval(() => qb.put(block), 20);
  const again = await gateway.event('entropy-quarantined', 5000, (e) => e.detail.source === 'qb');
  clearInterval(bad);
  check(again.detail.text === 'a block came again', JSON.stringify(again));
  const late = daemon('link', p.links[1]);
  await late.event('start');
  const closed = await gateway.event('entropy-closed', 5000);
  check(closed.level === 'alarm', JSON.stringify(closed));
  const now = status(p.config);
  check(now.entropy.open === false, 'status says open');
  check(/^ {2}CLOSED /m.test(good(['status', '-c', p.config]).out), 'the screen has no alarm');

  // the ratchet goes on, nobody new comes in
  const ratchet = await gateway.event('rotation', 9000, (e) => e.ts > closed.ts && !e.detail.signed);
  check(!gateway.events.some((e) => e.event === 'next-key' && e.ts > closed.ts), 'a new key was agreed');
  const signed = receipts(p, 'rotation').filter((t) => /signature: verified/i.test(t)); // agreed before, maybe used since
  check(signed.length > 0 && signed.every((t) => /^Entropy Credited: seed q[ab] \d{3}/m.test(t)), signed.join('\n'));
  check(!late.events.some((e) => e.event === 'session-up'), 'a new session came up');
  check(status(p.config).peers[0].up, 'the session is down');
  const step = await until('a receipt of the step', 2000, () => receipts(p, 'rotation').find((t) => t.includes(`New Key ID: ${ratchet.key_id}\n`)));
  check(/^Entropy Sources: none \(ratchet step\)$/m.test(step) && !/Entropy Credited/.test(step), step);
  const alarm = await until('a receipt of the alarm', 2000, () => receipts(p, 'entropy-alarm').find((t) => /entropy-closed/.test(t)));
  check(/^# Entropy Alarm \d+$/m.test(alarm), alarm);

  // and good again
  qa.good = qb.good = true;
  await gateway.event('entropy-open', 6000);
  await late.event('session-up', 6000);
  await gateway.event('entropy-recovered');
  check(status(p.config).entropy.open, 'status says closed');
  for (const d of [link, late, gateway]) check(await d.stop() === 0, `ended with ${d.code}`);
  good(['ledger', 'verify', path.join(dir, 'state/ledger')]);
  check(Date.now() - began < 25000, `it took ${Date.now() - began} ms`);
});

await test('a gateway does not start on what nobody vouches for, and says why', async (dir) => {
  const p = await place(dir, { entropy: 'entropy: { policy: single, sources: [{ name: box, device: box, h: 7, physical: true }] }\n' });
  fs.writeFileSync(path.join(dir, 'box'), randomBytes(100000)); // a file, not a device
  const r = run(['gateway', '-c', p.config]);
  check(r.code === 6, `ended with ${r.code}: ${r.err}`);
  check(/head2\.yaml: entropy: no random bytes can be had: policy single: no source here is credited/.test(r.err), r.err);
});

// ---- configuration ----

await test('wrong settings of entropy are named with their place', async (dir) => {
  const p = await place(dir);
  const list = (items) => `entropy: { sources: [${items}] }\n`;
  const cases = [
    ['entropy: { policy: strict }\n', /:9:20: entropy\.policy: 'strict' is not known here; choose auto, two, single, fast or compat/],
    ['entropy: { policy: sinlge }\n', /entropy\.policy: .*did you mean 'single'\?/],
    ['entropy: { polcy: two }\n', /entropy\.polcy: unknown key; did you mean 'policy'\?/],
    ['entropy: { reseed: never }\n', /entropy\.reseed: 'never' is not known here; choose strict or 90a/],
    ['entropy: { generator: chacha }\n', /entropy\.generator: .*ctr-drbg or xdrbg-256/],
    ['entropy: { method: 3 }\n', /entropy\.method: .*1 or 2/],
    ['entropy: fast\n', /entropy: not a map of keys/],
    ['entropy: { sources: rdseed }\n', /entropy\.sources: not a list of sources/],
    [list('rdsed'), /entropy\.sources\[0\]: unknown source 'rdsed'; did you mean 'rdseed'\?/],
    [list('rdseed, rdseed'), /sources\[1\]: a second source 'rdseed'/],
    [list('rdseed, [jitter]'), /sources\[1\]: not a source/],
    [list('getrandom, simulator'), /sources: 0 of these sources can be credited, and 1 are needed; add rdseed or jitter/],
    ['entropy: { policy: two, sources: [rdseed] }\n', /1 of these sources can be credited, and 2 are needed/],
    ['entropy: { method: 1, sources: [jitter] }\n', /0 of these sources .*method 2/],
    [list('{ name: q }'), /sources\[0\]: a source of nothing; give a device or a url/],
    [list('{ device: /dev/q }'), /the key 'name' is missing/],
    [list('{ name: Q, device: /dev/q }'), /a source's name has 1 to 23 lower-case/],
    [list('{ name: rdseed, device: /dev/q }'), /'rdseed' is a source of its own/],
    [list('{ name: q, device: /dev/q, h: 9 }'), /\.h: '9' is not a number from 0\.12 to 8/],
    [list('{ name: q, device: /dev/q, h: 1e1 }'), /\.h: '1e1' is not a number/],
    [list('{ name: q, device: /dev/q, physical: true }'), /physical: nothing can be credited without h/],
    [list('{ name: q, device: /dev/q, url: "https://x/" }'), /\.url: unknown key/],
    [list('{ name: q, url: "http://qrng.example/" }'), /\.url: 'http:\/\/qrng\.example\/' is not a URL that can be asked/],
    [list(Array.from({ length: 14 }, (_, i) => `{ name: q${i}, device: /q }`).join(', ') + ', rdseed'), /more than 13 sources beside/],
  ];
  for (const [text, words] of cases) {
    p.set(text);
    const r = run(['config', 'check', p.config]);
    check(r.code === 3 && words.test(r.err) && /^[^\n]+\n$/.test(r.err), `${words} is not in: ${r.code} ${r.err}`);
  }
  p.set('entropy: { policy: fast, reseed: 90a, generator: xdrbg-256, method: 2, sources: [rdseed, jitter, hwrng, hwmon, simulator, getrandom, { name: q-1, device: /dev/q, h: 6.25 }] }\n');
  good(['config', 'check', p.config]);
  fs.appendFileSync(p.links[0], 'entropy: { policy: auto }\n');
  good(['config', 'check', p.links[0]]);
});

await test('a new configuration changes what is asked of sources, and which there are', async (dir) => {
  const entropy = (settings, sources) => `entropy: { ${settings}, sources: [rdseed, jitter, ${sources}] }\n`;
  const p = await place(dir, { entropy: entropy('policy: auto', 'simulator, { name: qa, device: qa, h: 6, physical: true }') });
  device(dir, 'qa');
  device(dir, 'qb');
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  await until('the device is good', 3000, () => source(p.config, 'qa').state === 'good');
  const simulated = await until('the simulator has given shots', 2000, () => { const s = source(p.config, 'simulated'); return s.samples > 0 && s; });
  check(simulated.kind === 'additional' && !simulated.credited && simulated.credited_bits === 0, JSON.stringify(simulated));
  const seen = JSON.parse(good(['rng', 'status', '--json', '--policy', 'single', '-c', p.config]).out);
  check(seen.policy === 'single' && seen.sources.some((s) => s.name === 'qa' && s.credited), JSON.stringify(seen));
  check(/^[0-9a-f]{64}\n$/.test(good(['rng', 'bytes', '--hex', '32', '-c', p.config]).out), 'bytes with a configuration');
  const most = Array.from({ length: 13 }, (_, i) => `{ name: d-${i}, device: /dev/null }`).join(', ');
  p.set(`entropy: { sources: [rdseed, jitter, ${most}] }\n`);
  const full = run(['rng', 'selftest', '--induce', 'stuck', '-c', p.config]);
  check(full.code === 5 && /^head2: --induce: a fault needs room for two more sources: there are 16 at most; leave --config out/m.test(full.err), `${full.code}: ${full.err}`);
  p.set(entropy('policy: fast, generator: xdrbg-256', '{ name: qa, device: qa, h: 5, physical: true }, { name: qb, device: qb, h: 6, physical: true }'));
  gateway.child.kill('SIGHUP');
  await gateway.event('config');
  const note = await gateway.event('entropy-source');
  check(/qa: has other values than before, and stays as it was until the next start/.test(note.detail.text), JSON.stringify(note));
  await until('the second device is good', 3000, () => source(p.config, 'qb')?.state === 'good');
  const e = status(p.config).entropy;
  check(e.policy === 'fast' && e.generator === 'xdrbg-256', JSON.stringify(e));
  check(source(p.config, 'qa').h === 6, 'the old value is gone');
  p.set(entropy('policy: fast', '{ name: qb, device: qb, h: 6, physical: true }'));
  gateway.child.kill('SIGHUP');
  const gone = await gateway.event('entropy-absent', 3000, (x) => x.detail.source === 'qa');
  check(/taken out/.test(gone.detail.text), JSON.stringify(gone));
  check(source(p.config, 'qa').state === 'absent' && !source(p.config, 'qa').credited, 'qa is still there');
  check(await gateway.stop() === 0, `ended with ${gateway.code}`);
});

// ---- a service ----

await test('a service is asked through TLS alone when its certificate is right', async (dir) => {
  const p = await place(dir);
  const pem = path.join(dir, 'ca.pem'), keyFile = path.join(dir, 'tls.key');
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', pem]);
  if (made.status !== 0) throw new Skip('no openssl command to make a certificate with');
  const asked = [];
  const server = https.createServer({ key: fs.readFileSync(keyFile), cert: fs.readFileSync(pem) }, (q, a) => {
    asked.push(q.headers['x-api-key']);
    a.end(JSON.stringify({ success: true, type: 'uint8', length: 512, data: [...randomBytes(512)] }));
  });
  server.on('tlsClientError', () => asked.push('refused'));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  cleanups.push(() => new Promise((done) => { server.closeAllConnections(); server.close(done); }));
  const url = `url: "https://127.0.0.1:${server.address().port}/numbers"`;
  fs.writeFileSync(path.join(dir, 'service.key'), 'sesame\n', { mode: 0o600 });
  fs.writeFileSync(path.join(dir, 'open.key'), 'sesame\n', { mode: 0o644 });
  p.set(`entropy: { sources: [rdseed, jitter, { name: strange, ${url} }, { name: known, ${url}, api-key-file: service.key, ca-file: ca.pem }, { name: leaky, ${url}, api-key-file: open.key, ca-file: ca.pem }] }\n`);
  const gateway = daemon('gateway', p.config);
  await gateway.event('start');
  if (gateway.events.some((e) => /no libcurl/.test(e.detail.text))) throw new Skip('built without libcurl');
  const note = await gateway.event('entropy-source');
  check(/leaky: left out: its api-key-file can be read .* by others; chmod 600 it/.test(note.detail.text), JSON.stringify(note));
  const known = await until('the known one answers', 3000, () => { const s = source(p.config, 'known'); return s.samples > 0 && s; });
  check(known.samples === 512 && known.kind === 'additional' && !known.credited && known.credited_bits === 0, JSON.stringify(known));
  const strange = await until('the strange one is refused', 3000, () => { const s = source(p.config, 'strange'); return s.state === 'absent' && s; });
  check(/certificate/.test(strange.why) && strange.samples === 0, JSON.stringify(strange));
  check(asked.filter((k) => k === 'sesame').length === 1 && !asked.includes(undefined), JSON.stringify(asked));
  check(await gateway.stop() === 0, `ended with ${gateway.code}`);
});

fs.rmSync(base, { recursive: true, force: true });
process.exit(failures === 0 ? 0 : 1);
