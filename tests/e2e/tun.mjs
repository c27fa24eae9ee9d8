// A TUN device at each end, in network namespaces: any IP traffic through rotations, and what must
// not pass. Needs root, `ip` and /dev/net/tun. The program is $HEAD2, else build/release/head2.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const head2 = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
const skip = (why) => { console.log(`skip tun: ${why}`); process.exit(0); };
if (!fs.existsSync(head2)) { console.log(`FAIL program: ${head2} is missing; build it, or set HEAD2`); process.exit(1); }
if (process.getuid() !== 0) skip('network namespaces need root');
if (!fs.existsSync('/dev/net/tun')) skip('there is no /dev/net/tun');
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-tun-'));
const g = `h2g${process.pid}`, d = `h2d${process.pid}`;
const ip = (...args) => spawnSync('ip', args, { encoding: 'utf8' });
if (ip('netns', 'add', g).status !== 0 || ip('netns', 'add', d).status !== 0) skip('network namespaces cannot be made here');

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const children = [];
let failures = 0;
function check(condition, what) { if (!condition) throw new Error(what); }
async function test(name, body) {
  try { await body(); console.log(`ok ${name}`); } catch (e) {
    failures++;
    console.log(`FAIL ${name}: ${String(e.message).split('\n').join(' | ').slice(0, 400)}`);
  }
}
async function until(what, ms, condition) {
  for (const end = Date.now() + ms; ;) {
    const value = await condition();
    if (value) return value;
    check(Date.now() < end, `not within ${ms} ms: ${what}`);
    await sleep(30);
  }
}
function inside(ns, program, args, options = {}) {
  const child = spawn('ip', ['netns', 'exec', ns, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const c = { child, out: '', err: '' };
  child.stdout.on('data', (t) => { c.out += t; });
  child.stderr.on('data', (t) => { c.err += t; });
  c.ended = new Promise((done) => child.on('close', (code) => { c.code = code; done(code); }));
  children.push(c);
  return c;
}
const script = (ns, text) => inside(ns, process.execPath, ['--input-type=module', '-e', text]);
const status = (file) => JSON.parse(spawnSync(head2, ['status', '--json', '-c', file], { encoding: 'utf8' }).stdout || '{}');

const fleet = path.join(base, 'fleet'), config = path.join(fleet, 'head2.yaml'), link = path.join(fleet, 'links/drone-1.yaml');
let text = '';
function setUp() {
  for (const ns of [g, d]) ip('-n', ns, 'link', 'set', 'lo', 'up');
  ip('link', 'add', 'vg', 'netns', g, 'type', 'veth', 'peer', 'name', 'vd', 'netns', d);
  for (const [ns, dev, at] of [[g, 'vg', '10.99.0.1/24'], [d, 'vd', '10.99.0.2/24']]) {
    ip('-n', ns, 'addr', 'add', at, 'dev', dev);
    ip('-n', ns, 'link', 'set', dev, 'up');
  }
  const r = spawnSync(head2, ['init', fleet, '--no-passphrase', '--listen', '10.99.0.1:5710'], { encoding: 'utf8' });
  check(r.status === 0, `init: ${r.stderr}`);
  const rotate = (t) => t.replace(/^rotate:.*$/m, 'rotate: { seconds: 60, bytes: 4000000 }');
  text = `${rotate(fs.readFileSync(config, 'utf8')).replace(/^peers:[^]*$/m, '')}
tun: { name: head2, address: ["10.77.0.1/24", "fd77::1/64"] }
peers:
  - { name: drone-1, key: drone-1.pub.pem, allowed_ips: ["10.77.0.2", "fd77::2"] }
`;
  fs.writeFileSync(config, text);
  fs.writeFileSync(link, rotate(fs.readFileSync(link, 'utf8')).replace(/^lanes:.*\n( .*\n)+/m, 'tun: { name: head2, address: ["10.77.0.2/24", "fd77::2/64"] }\n'));
}

// sends `bytes` of a known pattern each way over TCP, and prints the digests of what arrived
const sender = `
  import net from 'node:net'; import { createHash } from 'node:crypto';
  const hash = createHash('sha256'), big = Buffer.alloc(12_000_000, 'head2 tun ');
  const s = net.connect(9000, process.env.TO, () => s.end(big));
  s.on('data', (b) => hash.update(b)); s.on('end', () => console.log(hash.digest('hex'))); s.on('error', (e) => { console.log(e.message); process.exit(1); });`;
const echo = `
  import net from 'node:net'; import dgram from 'node:dgram';
  net.createServer({ allowHalfOpen: true }, (s) => { s.pipe(s); s.on('error', () => {}); }).listen(9000, '::', () => console.log('ready'));
  const u = dgram.createSocket({ type: 'udp6' }); u.on('message', (b, from) => u.send(b, from.port, from.address)); u.bind(9001, '::');`;
const datagram = (to, from) => `
  import dgram from 'node:dgram';
  const s = dgram.createSocket('${to.includes(':') ? 'udp6' : 'udp4'}');
  s.on('message', (b) => { console.log('came back ' + b); process.exit(0); });
  setTimeout(() => { console.log('nothing'); process.exit(0); }, 700);
  s.bind(0, '${from}', () => s.send('hello', 9001, '${to}'));`;
const ask = async (ns, to, from) => { const c = script(ns, datagram(to, from)); await c.ended; return c.out.trim(); };

let gateway, drone;
await test('both ends make their devices, and carry IPv4 and IPv6', async () => {
  setUp();
  for (const f of [config, link]) check(spawnSync(head2, ['config', 'check', f]).status === 0, `${f} is refused`);
  gateway = inside(g, head2, ['gateway', '-c', config]);
  await until('the gateway is up', 5000, () => /"event":"start"/.test(gateway.err));
  drone = inside(d, head2, ['link', '-c', link]);
  await until('the session is up', 5000, () => /"event":"session-up"/.test(drone.err));
  const server = script(g, echo);
  await until('the server listens', 5000, () => /ready/.test(server.out));
  check(/mtu 1424/.test(ip('-n', d, 'link', 'show', 'head2').stdout), 'the MTU of the device');
  for (const [to, from] of [['10.77.0.1', '10.77.0.2'], ['fd77::1', 'fd77::2']])
    check(await ask(d, to, from) === 'came back hello', `${to} does not answer`);
});

await test('TCP passes through rotations with nothing changed', async () => {
  const want = spawnSync(process.execPath, ['-e', "console.log(require('crypto').createHash('sha256').update(Buffer.alloc(12_000_000, 'head2 tun ')).digest('hex'))"], { encoding: 'utf8' }).stdout.trim();
  for (const to of ['10.77.0.1', 'fd77::1']) {
    const c = inside(d, process.execPath, ['--input-type=module', '-e', sender], { env: { ...process.env, TO: to }, stdio: ['ignore', 'pipe', 'pipe'] });
    await Promise.race([c.ended, sleep(30000)]);
    check(c.out.trim() === want, `12 MB each way by ${to}: ${c.out.trim()} ${c.err}`);
  }
  const p = status(config).peers[0];
  check(p.rotations.bytes + p.rotations.peer >= 4, `rotations: ${JSON.stringify(p.rotations)}`);
  check(p.rx_packets.logs > 10000 && p.rx_packets.video === 0, 'bulk goes by lane 2');
});

await test('an address that is not the peer\'s does not pass, nor one that nobody has', async () => {
  ip('-n', d, 'addr', 'add', '10.66.0.9/32', 'dev', 'head2');
  check(await ask(d, '10.77.0.1', '10.66.0.9') === 'nothing', 'a foreign source is answered');
  check((await until('BAD_SOURCE', 2000, () => status(config).drops.BAD_SOURCE)) >= 1, 'not counted');
  check(await ask(g, '10.77.0.99', '10.77.0.1') === 'nothing', 'nobody is there');
  check((await until('NO_ROUTE', 2000, () => status(config).drops.NO_ROUTE)) >= 1, 'not counted');
});

await test('a new configuration changes what is behind a peer', async () => {
  fs.writeFileSync(config, text.replace('"10.77.0.2",', '"10.77.0.2", "10.66.0.0/16",'));
  const pid = status(config).pid;
  process.kill(pid, 'SIGHUP');
  await until('the configuration is in force', 3000, () => /"event":"config"/.test(gateway.err));
  ip('-n', g, 'route', 'add', '10.66.0.0/16', 'dev', 'head2');
  check(await ask(d, '10.77.0.1', '10.66.0.9') === 'came back hello', 'the address is still refused');
});

await test('wrong files are told, and devices go with their daemons', async () => {
  const bad = (edit, words) => {
    const f = path.join(fleet, 'bad.yaml');
    fs.writeFileSync(f, edit(text));
    const r = spawnSync(head2, ['config', 'check', f], { encoding: 'utf8' });
    check(r.status === 3 && words.test(r.stderr), `${r.status} ${r.stderr}`);
  };
  bad((t) => t.replace('"fd77::2"', '"10.77.0.2/24"'), /bits behind its length/);
  bad((t) => t.replace('"fd77::2"', '"10.77.0.2/32"'), /there twice/);
  bad((t) => t.replace(/^tun:.*$/m, ''), /there is no tun/);
  bad((t) => t.replace('name: head2', 'name: a-name-that-is-too-long'), /at most 15/);
  bad((t) => t.replace('"10.77.0.1/24"', '"10.77.0.1"'), /length of its network/);
  bad((t) => t.replace('"] }\npeers', '"], mtu: 9000 }\npeers'), /from 576 to 1444/);
  bad((t) => t.replace('"] }\npeers', '"], mtu: 1200 }\npeers'), /IPv6 needs an MTU of 1280/);
  bad((t) => t.replace('allowed_ips:', 'lanes: { video: "127.0.0.1:5600" }, allowed_ips:'), /either lanes or allowed_ips/);
  for (const c of [drone, gateway]) { c.child.kill('SIGTERM'); check(await c.ended === 0, c.err); }
  for (const ns of [g, d]) check(ip('-n', ns, 'link', 'show', 'head2').status !== 0, 'a device is left behind');
});

for (const c of children) if (c.code === undefined) c.child.kill('SIGKILL');
for (const ns of [g, d]) ip('netns', 'del', ns);
fs.rmSync(base, { recursive: true, force: true });
process.exit(failures ? 1 : 0);
