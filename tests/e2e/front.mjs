// head2 gateway as its three processes, attacked: what root finds of the private key in each of them, what
// their own user gets, kills of each while a drone's session is up, a system call that is not on the
// keeper's list; and an identity in a sealed store. The program is $HEAD2, else build/release/head2.
import { spawn, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { check, dir, end, environment, file, head2, put, run, Skip, test as testOf } from '../fixture.mjs';

const NOBODY = 65534;
const isRoot = process.getuid() === 0;
const sanitized = head2.includes('asan');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
let cleanups = [];
const test = (name, body) => testOf(name, async () => {
  cleanups = [];
  try { await body(); } finally { for (const c of cleanups.reverse()) await c(); }
});
async function until(what, ms, condition) {
  for (const late = Date.now() + ms; ;) {
    const value = await condition();
    if (value) return value;
    check(Date.now() < late, `not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}
function good(args) {
  const r = run(args);
  check(r.code === 0, `${args.join(' ')} ended with ${r.code}: ${r.err}`);
  return r.text;
}

// ---- processes ----

const children = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((p) => p !== '').map(Number);
const nameOf = (pid) => fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
const statusOf = (pid, field) => (fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${field}:[ \\t]*(.*)$`, 'm')) ?? [])[1];
const alive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };

function daemon(args) {
  const child = spawn(head2, args, { cwd: dir, env: environment(), stdio: ['ignore', 'ignore', 'pipe'] });
  const d = { child, pid: child.pid, events: [], said: '' };
  let rest = '';
  child.stderr.on('data', (piece) => {
    d.said += piece;
    const lines = (rest + piece).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.startsWith('{')) d.events.push(JSON.parse(line));
  });
  d.ended = new Promise((done) => child.on('close', (code) => { d.code = code; done(code); }));
  d.event = (name, n = 1, ms = 8000) => until(`${n} times ${name}: ${d.said.slice(-600)}`, ms, () => d.events.filter((e) => e.event === name).length >= n);
  d.one = (name) => children(d.pid).find((p) => nameOf(p) === `head2-${name}`);
  cleanups.push(async () => { if (d.code === undefined) { child.kill('SIGKILL'); await d.ended; } });
  return d;
}

async function freePort() {
  const s = dgram.createSocket('udp4');
  await new Promise((done) => s.bind(0, '127.0.0.1', done));
  const { port } = s.address();
  await new Promise((done) => s.close(done));
  return port;
}
// A gateway's folder, g, with one drone; text edits the configuration.
async function place(edit = (t) => t) {
  good(['init', 'g', '--no-passphrase', '--listen', `127.0.0.1:${await freePort()}`]);
  const config = fs.readFileSync(file('g/head2.yaml'), 'utf8');
  fs.writeFileSync(file('g/head2.yaml'), edit(config));
  let link = fs.readFileSync(file('g/links/drone-1.yaml'), 'utf8');
  for (const at of [...link.matchAll(/listen: "127\.0\.0\.1:(\d+)"/g)].map((m) => m[1]))
    link = link.replace(`127.0.0.1:${at}`, `127.0.0.1:${await freePort()}`);
  fs.writeFileSync(file('g/links/drone-1.yaml'), link);
}
async function up(...options) {
  const gateway = daemon(['gateway', '-c', 'g/head2.yaml', ...options]);
  await gateway.event('start');
  const link = daemon(['link', '-c', 'g/links/drone-1.yaml']);
  await link.event('session-up');
  return { gateway, link };
}
// Ask the gateway for a new key now; it signs.
const rotate = () => new Promise((done, fail) => {
  const s = net.connect(file('g/state/run/head2.sock'), () => s.write('{"op":"rotate","peer":"drone-1"}\n'));
  s.on('error', fail);
  s.on('data', (d) => { s.destroy(); done(d.toString().trim()); });
});
const rotations = (d) => d.events.filter((e) => e.event === 'rotation').length;
async function rotates(gateway) {
  const before = rotations(gateway);
  await rotate();
  await until('a rotation', 8000, () => rotations(gateway) > before);
}
async function stop(d) {
  d.child.kill('SIGTERM');
  check(await d.ended === 0, `ended with ${d.code}: ${d.said.slice(-400)}`);
}

// ---- what is looked for ----

// Parts of the private key, and as a check of the search the public one.
function needles() {
  good(['key', 'convert', '--form', 'both', '--format', 'der', '--no-passphrase', '--out', 'whole.der', 'g/gateway.pem']);
  const der = fs.readFileSync(file('whole.der'));
  const at = der.length - 4896; // the expanded key is the end: rho, K, tr, s1, s2, t0
  const pem = fs.readFileSync(file('g/gateway.pem'), 'latin1').split('\n');
  fs.rmSync(file('whole.der'));
  good(['key', 'export', '--format', 'der', '--out', 'p.der', 'g/gateway.pem']);
  const pub = fs.readFileSync(file('p.der'));
  return {
    secret: { seed: der.subarray(at - 36, at - 4), K: der.subarray(at + 32, at + 64), s1: der.subarray(at + 128, at + 160),
      t0: der.subarray(at + 4000, at + 4032), file: Buffer.from(pem[1].slice(20, 52), 'latin1') },
    public: pub.subarray(1000, 1032),
  };
}
function* memory(pid) {
  const fd = fs.openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const m = line.match(/^([0-9a-f]+)-([0-9a-f]+) r/);
      if (m === null || line.includes('[v')) continue;
      const from = BigInt(`0x${m[1]}`), size = Number(BigInt(`0x${m[2]}`) - from);
      if (size > 1 << 28) continue;
      const piece = Buffer.alloc(size);
      let n = 0;
      try { n = fs.readSync(fd, piece, 0, size, from); } catch { continue; } // secret pages: nobody reads them
      yield piece.subarray(0, n);
    }
  } finally { fs.closeSync(fd); }
}
function found(pieces, wanted) {
  const there = new Set();
  for (const piece of pieces) for (const [name, bytes] of Object.entries(wanted)) if (piece.includes(bytes)) there.add(name);
  return [...there].join(' ');
}

// ---- cases ----

await test('root finds no private key in the memory, the environment or the core of front, keeper and monitor after use', async () => {
  if (!isRoot || sanitized) throw new Skip('root reads them, and a sanitizer\'s maps are too large');
  await place();
  const n = needles();
  const { gateway } = await up();
  for (let i = 0; i < 3; i++) await rotates(gateway);
  const hidden = fs.readFileSync(`/proc/${gateway.one('keeper')}/maps`, 'latin1').includes('secretmem'); // else root reads locked pages
  for (const who of ['front', 'keeper', 'monitor']) {
    const pid = who === 'monitor' ? gateway.pid : gateway.one(who);
    check(found(memory(pid), { public: n.public }) === 'public' || who === 'monitor', `${who}: the search does not find the public key`);
    const secret = found(memory(pid), n.secret);
    check(secret === '' || (who === 'keeper' && !hidden), `${who} has ${secret}`);
    check(found([fs.readFileSync(`/proc/${pid}/environ`)], n.secret) === '', `${who}: environment`);
    check(!/[1-9]/.test(statusOf(pid, 'VmSwap')), `${who} is in swap: ${statusOf(pid, 'VmSwap')}`);
  }
  if (spawnSync('gcore', ['-h']).error) throw new Skip('the rest: no gcore here (gdb)');
  for (const who of ['front', 'keeper']) {
    spawnSync('gcore', ['-a', '-o', file(`core-${who}`), String(gateway.one(who))], { timeout: 60000 });
    const core = fs.readdirSync(dir).find((f) => f.startsWith(`core-${who}.`));
    check(core !== undefined, 'no core was written');
    const bytes = fs.readFileSync(file(core));
    fs.rmSync(file(core));
    check(found([bytes], { public: n.public }) === 'public', `core of ${who}: no public key`);
    check(found([bytes], n.secret) === '' || (who === 'keeper' && !hidden), `core of ${who}`);
  }
  await stop(gateway);
});

await test('started as root all three are of --user, and that user can neither trace them nor read their memory', async () => {
  if (!isRoot) throw new Skip('not root');
  await place();
  spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, dir]);
  spawnSync('chown', ['root', file('g/gateway.pem')]); // which is read before
  fs.chmodSync(path.dirname(dir), 0o755);
  const { gateway } = await up('--user', 'nobody');
  for (const pid of [gateway.pid, gateway.one('keeper'), gateway.one('front')]) {
    check(statusOf(pid, 'Uid') === Array(4).fill(NOBODY).join('\t') && statusOf(pid, 'Gid') === Array(4).fill(NOBODY).join('\t'), statusOf(pid, 'Uid'));
    check(statusOf(pid, 'Groups').trim() === '', `groups ${statusOf(pid, 'Groups')}`);
    const read = spawnSync('head', ['-c', '1', `/proc/${pid}/mem`], { uid: NOBODY, gid: NOBODY });
    check(read.status !== 0 && /denied/i.test(read.stderr.toString()), `mem: ${read.stderr}`);
    const trace = spawnSync('gdb', ['-p', String(pid), '-batch', '-nx'], { uid: NOBODY, gid: NOBODY, env: { PATH: process.env.PATH, HOME: '/tmp' } });
    check(trace.error || /not permitted/i.test(trace.stderr.toString()), `gdb: ${trace.stderr}`);
  }
  await rotates(gateway);
  await stop(gateway);
  const r = run(['gateway', '-c', 'g/head2.yaml', '--user', 'nobody-at-all']);
  check(r.code === 2 && /no such user/.test(r.err), r.err);
});

await test('a front that is killed is replaced: the keeper stays, and the drone\'s session comes back', async () => {
  await place();
  const { gateway, link } = await up();
  const keeper = gateway.one('keeper'), front = gateway.one('front');
  process.kill(front, 'SIGKILL');
  await gateway.event('start', 2);
  check(gateway.one('keeper') === keeper && gateway.one('front') !== front, 'the keeper is another');
  await link.event('session-up', 2, 15000);
  await rotates(gateway);
  const ended = gateway.events.find((e) => e.event === 'process-ended');
  check(ended?.level === 'alarm' && /front: ended by signal 9/.test(ended.detail.text), gateway.said.slice(-500));
  await stop(gateway);
  good(['ledger', 'verify', 'g/state/ledger']);
});

await test('keepers are killed under load: each rotation is signed once, and nothing waits for ever', async () => {
  await place();
  const { gateway, link } = await up();
  for (let i = 0; i < 6; i++) {
    const before = rotations(gateway);
    await rotate();
    await sleep(i % 3); // before, in and after the signature
    process.kill(await until('a keeper', 3000, () => gateway.one('keeper')), 'SIGKILL');
    await until('the rotation', 10000, () => rotations(gateway) > before);
    await until('the next keeper', 3000, () => gateway.one('keeper') !== undefined);
    if (i === 2) await sleep(2100); // dying at once five times in a row would be the end
  }
  check(link.events.filter((e) => e.event === 'session-down').length === 0, 'the session broke');
  await stop(gateway);
  good(['ledger', 'verify', 'g/state/ledger']);
  const numbers = good(['ledger', 'show', '--ledger', 'g/state/ledger', '--json']).trim().split('\n').map((l) => JSON.parse(l))
    .filter((e) => e.kind === 'rotation').map((e) => `${e.subject} ${e.number}`);
  check(numbers.length >= 6 && new Set(numbers).size === numbers.length, `rotations in the ledger: ${numbers}`);
});

await test('a system call that is not on the list ends the keeper, it is said, and the next one goes on', async () => {
  if (!isRoot || sanitized) throw new Skip('root with a debugger');
  if (spawnSync('gdb', ['--version']).error) throw new Skip('no gdb here');
  await place();
  const { gateway } = await up();
  const keeper = gateway.one('keeper');
  if (statusOf(keeper, 'Seccomp') !== '2') throw new Skip('built without libseccomp');
  spawnSync('gdb', ['-p', String(keeper), '-batch', '-nx', '-ex', 'call (int)socket(2,1,0)'], { timeout: 60000 });
  await gateway.event('process-ended');
  check(/keeper: ended by its sandbox: it made a system call that is not on the list/.test(gateway.said), gateway.said.slice(-500));
  await until('the next keeper', 3000, () => gateway.one('keeper') !== undefined && gateway.one('keeper') !== keeper);
  await rotates(gateway);
  await stop(gateway);
});

await test('who dies again and again ends all; who is killed takes all with it; an end by itself is the end', async () => {
  await place();
  let { gateway } = await up();
  for (let i = 0; i < 5; i++) {
    const pid = await until('a keeper', 3000, () => gateway.one('keeper'));
    process.kill(pid, 'SIGKILL');
    await until('its end', 3000, () => !alive(pid));
  }
  check(await gateway.ended === 7 && /the keeper dies as soon as it is started/.test(gateway.said), gateway.said.slice(-400));
  gateway = daemon(['gateway', '-c', 'g/head2.yaml']);
  await gateway.event('start');
  const all = children(gateway.pid);
  check(all.length === 2, `${all.length} children`);
  gateway.child.kill('SIGKILL');
  await until('the end of both', 3000, () => !all.some(alive));
  gateway = daemon(['gateway', '-c', 'g/head2.yaml']); // at once
  await gateway.event('start');
  await stop(gateway);
  fs.writeFileSync(file('g/head2.yaml'), fs.readFileSync(file('g/head2.yaml'), 'utf8').replace(/^state: .*$/m, 'state: gateway.pem'));
  const r = run(['gateway', '-c', 'g/head2.yaml']);
  check(r.code !== 0 && /^head2: /m.test(r.err), `${r.code} ${r.err}`);
});

await test('an identity in a sealed store: the file is not needed, and others use the same keeper', async () => {
  await place((t) => `${t.replace('key: gateway.pem', 'key: "keeper:gateway"')}\nkeeper: { key-file: kek, socket: store/keeper.sock, pin-file: pin }\n`);
  put('g/kek', Buffer.alloc(40, 9));
  fs.chmodSync(file('g/kek'), 0o600);
  put('g/pin', '271828\n');
  fs.chmodSync(file('g/pin'), 0o600);
  good(['key', 'export', '--out', 'g.pub.pem', 'g/gateway.pem']);
  const bad = run(['gateway', '-c', 'g/head2.yaml']);
  check(bad.code !== 0 && /^head2: .*; /m.test(bad.err), `no store: ${bad.err}`);
  good(['store', 'init', '--store', 'g/store', '--key-file', 'g/kek']);
  check(/no active ML-DSA-87 key 'gateway'/.test(run(['config', 'check', 'g/head2.yaml']).err), 'config check');
  const none = run(['gateway', '-c', 'g/head2.yaml']);
  check(none.code === 5 && /no active key of this label/.test(none.err), `no key: ${none.err}`);
  good(['store', 'import', '--store', 'g/store', '--key-file', 'g/kek', '--label', 'gateway', 'g/gateway.pem']);
  fs.rmSync(file('g/gateway.pem'));
  good(['config', 'check', 'g/head2.yaml']);
  fs.cpSync(file('g/store'), file('old'), { recursive: true });
  const { gateway } = await up();
  await rotates(gateway);
  put('message', 'of the same identity');
  const keeper = ['--keeper', 'g/store/keeper.sock', '--pin-file', 'g/pin'];
  put('wrong', '314159\n');
  check(run(['sign', '--key', 'keeper:gateway', '--keeper', 'g/store/keeper.sock', '--pin-file', 'wrong', 'message']).code === 5, 'a wrong PIN');
  await sleep(150); // none is looked at sooner
  good(['sign', '--key', 'keeper:gateway', ...keeper, '--no-receipt', 'message']);
  good(['verify', '--key', 'g.pub.pem', 'message']);
  good(['keeper', 'generate', ...keeper, 'another']);
  check(/another/.test(good(['keeper', 'list', ...keeper])) && /"keys":2/.test(good(['keeper', 'status', '--json', ...keeper])), 'list');
  await gateway.event('keeper-key');
  const second = run(['keeper', '--store', 'g/store', '--key-file', 'g/kek']);
  check(second.code === 5, `a second keeper: ${second.err}`);
  process.kill(gateway.one('keeper'), 'SIGKILL');
  await rotates(gateway);
  good(['keeper', 'show', ...keeper, 'another']);
  await stop(gateway);
  check(!fs.existsSync(file('g/store/keeper.sock')), 'the socket is left');
  const entries = good(['ledger', 'show', '--ledger', 'g/state/ledger', '--json']).trim().split('\n').map((l) => JSON.parse(l));
  check(entries.some((e) => e.kind === 'keeper' && /generate/.test(JSON.stringify(e))) && entries.some((e) => e.kind === 'store'), 'receipts of the keeper');
  good(['ledger', 'verify', 'g/state/ledger']);
  good(['store', 'check', '--store', 'g/store', '--key-file', 'g/kek']);
  for (const name of ['store.sqlite', 'store.revision']) fs.copyFileSync(file(`old/${name}`), file(`g/store/${name}`));
  const back = run(['gateway', '-c', 'g/head2.yaml']);
  check(back.code === 1 && /g\/store/.test(back.err), `a store that was put back: ${back.code} ${back.err}`);
});

await test('a rate of the identity: what is above it is refused and told', async () => {
  await place((t) => `${t}\nkeeper: { rate: { uses: 6, seconds: 3600 } }\n`);
  const { gateway } = await up();
  for (let i = 0; i < 12; i++) { await rotate(); await sleep(60); }
  await gateway.event('keeper-refuses');
  await stop(gateway);
  for (const [text, words] of [['{ rate: { uses: 0 } }', /is not a number/], ['{ store: x }', /in a file/], ['{ rat: 1 }', /did you mean 'rate'/]]) {
    const t = fs.readFileSync(file('g/head2.yaml'), 'utf8').replace(/^keeper: .*$/m, `keeper: ${text}`);
    fs.writeFileSync(file('bad.yaml'), t.replaceAll(/(key|peers|state): (?=[a-z])/g, '$1: g/'));
    const r = run(['config', 'check', 'bad.yaml']);
    check(r.code === 3 && words.test(r.err), `${text}: ${r.code} ${r.err}`);
  }
});

end();
