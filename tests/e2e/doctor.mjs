// `head2 doctor -c FILE`: each thing that can be wrong with a daemon's surroundings is made wrong, and
// must be named with what to do. Paths of other sizes need root and `ip`. The program is $HEAD2, else
// build/release/head2.
import { spawn, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const head2 = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
if (!fs.existsSync(head2)) { console.log(`FAIL program: ${head2} is missing; build it, or set HEAD2`); process.exit(1); }
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-doctor-'));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
let failures = 0;
class Skip extends Error {}
function check(condition, what) { if (!condition) throw new Error(what); }
async function test(name, body) {
  try { await body(); console.log(`ok ${name}`); } catch (e) {
    if (e instanceof Skip) { console.log(`skip ${name}: ${e.message}`); return; }
    failures++;
    console.log(`FAIL ${name}: ${String(e.message).split('\n').join(' | ').slice(0, 500)}`);
  }
}
// The lines of the checks by their names; in: a network namespace.
function doctor(config, inside) {
  const args = ['doctor', '--json', '-c', config];
  const r = inside ? spawnSync('ip', ['netns', 'exec', inside, head2, ...args], { encoding: 'utf8' }) : spawnSync(head2, args, { encoding: 'utf8' });
  const lines = r.stdout.trim().split('\n').map((l) => JSON.parse(l));
  const of = (name) => lines.find((l) => l.check === name);
  const expect = (name, result, found, advice) => {
    const l = of(name);
    check(l && l.result === result && found.test(l.found), `${name} is to be ${result}, ${found}: ${JSON.stringify(l)} ${r.stderr}`);
    if (advice) check(advice.test(l.advice ?? ''), `${name}: advice: ${JSON.stringify(l)}`);
  };
  return { code: r.status, err: r.stderr, expect, of };
}
async function socket() {
  const s = dgram.createSocket('udp4');
  await new Promise((done) => s.bind(0, '127.0.0.1', done));
  return s;
}
const port = await (async () => { const s = await socket(), { port: p } = s.address(); await new Promise((done) => s.close(done)); return p; })();
const fleet = path.join(base, 'fleet'), config = path.join(fleet, 'head2.yaml'), link = path.join(fleet, 'links/drone-1.yaml');
check(spawnSync(head2, ['init', fleet, '--no-passphrase', '--listen', `127.0.0.1:${port}`]).status === 0, 'init');
const edited = (file, edit) => {
  const f = path.join(path.dirname(file), `edited-${path.basename(file)}`);
  fs.writeFileSync(f, edit(fs.readFileSync(file, 'utf8')));
  return f;
};

await test('doctor: all is well with a new configuration', async () => {
  const g = doctor(config);
  check(g.code === 0, g.err);
  g.expect('configuration', 'ok', /head2\.yaml \(gateway\)/);
  g.expect('identity key', 'ok', /gateway\.pem, readable by nobody else/);
  g.expect('state folder', 'ok', /mode 0700/);
  g.expect('control socket', 'ok', /no daemon runs/);
  g.expect('port', 'ok', new RegExp(`UDP 127.0.0.1:${port} is free`));
  for (const name of ['clock', 'randomness', 'AES instructions', 'interface lo']) check(g.of(name), `${name} was not looked at`);
  const l = doctor(link);
  check(l.code === 0, l.err);
  for (const lane of ['telemetry', 'video', 'logs']) l.expect(`port of ${lane}`, 'ok', /is free/);
  l.expect(`path to 127.0.0.1:${port}`, 'ok', /MTU 6553\d, .* datagrams of 6550\d bytes pass, a session's have up to 1200/);
});

await test('doctor: a port is somebody else\'s, or the daemon\'s own', async () => {
  const other = await socket();
  const taken = edited(config, (t) => t.replace(`127.0.0.1:${port}`, `127.0.0.1:${other.address().port}`));
  const d = doctor(taken);
  d.expect('port', 'fail', new RegExp(`UDP 127.0.0.1:${other.address().port} is taken by process ${process.pid} \\(`), /stop it, or change listen\.udp/);
  check(d.code === 1 && /1 checks failed, first port/.test(d.err), `${d.code} ${d.err}`);
  doctor(edited(link, (t) => t.replace('127.0.0.1:5601', `127.0.0.1:${other.address().port}`)))
    .expect('port of video', 'fail', /is taken by process/, /change lanes\.video\.listen/);
  other.close();
  doctor(edited(config, (t) => t.replace('127.0.0.1:', '192.0.2.77:'))).expect('port', 'fail', /cannot be opened/, /not one of this machine: change listen\.udp/);
  const daemon = spawn(head2, ['gateway', '-c', config], { stdio: 'ignore' });
  for (let i = 0; spawnSync(head2, ['status', '-c', config]).status !== 0; i++) { check(i < 100, 'the gateway does not start'); await sleep(30); }
  const running = doctor(config);
  running.expect('control socket', 'ok', new RegExp(`a daemon answers, process ${daemon.pid}`));
  running.expect('port', 'ok', new RegExp(`in use by process ${daemon.pid} \\(head2\\), the daemon of this configuration`));
  check(running.code === 0, running.err);
  daemon.kill('SIGKILL');
  await new Promise((done) => daemon.on('close', done));
  doctor(config).expect('control socket', 'ok', /left by a daemon that is gone/);
  fs.rmSync(path.join(fleet, 'state/run/head2.sock'));
});

await test('doctor: files that are wrong', async () => {
  const key = path.join(fleet, 'gateway.pem');
  fs.chmodSync(key, 0o644);
  doctor(config).expect('identity key', 'fail', /can be read by others/, /chmod 600/);
  fs.chmodSync(key, 0o600);
  fs.chmodSync(path.join(fleet, 'state'), 0o777);
  doctor(config).expect('state folder', 'fail', /others may write to it/, /chmod 700/);
  fs.chmodSync(path.join(fleet, 'state'), 0o700);
  doctor(edited(config, (t) => t.replace(/^listen: .*$/m, (l) => l.replace(/control: [^ }]+/, `control: ${key}`))))
    .expect('control socket', 'fail', /is not a socket/, /listen\.control/);
  check(spawnSync(head2, ['key', 'generate', '--type', 'ML-KEM-1024', '--no-passphrase', '--no-receipt', '--out', path.join(fleet, 'kem.pem')]).status === 0, 'a KEM key');
  const node = edited(config, (t) => `${t.replace(/, (video|logs): "[^"]*"/g, '')}\nfallback: { issuer: links/gateway.pub.pem, kem: kem.pem }\n`);
  doctor(node).expect('configuration', 'ok', /\(fallback\)/);
  doctor(node).expect('fallback key', 'ok', /kem\.pem has mode 0600/);
  fs.chmodSync(path.join(fleet, 'kem.pem'), 0o640);
  doctor(node).expect('fallback key', 'fail', /kem\.pem has mode 0640/, /chmod 600/);
  const broken = doctor(edited(config, (t) => `${t}\nrotat: 7\n`));
  broken.expect('configuration', 'fail', /rotat.*unknown key/, /rotate/);
  check(broken.code === 1, `${broken.code}`);
  doctor(edited(link, (t) => t.replace(`127.0.0.1:${port}`, 'gateway.invalid:5710'))).expect('endpoints', 'fail', /gateway\.endpoints/, /resolver/);
  doctor(path.join(base, 'nothing.yaml')).expect('configuration', 'fail', /No such file/);
});

await test('doctor: paths too small for what is sent, and none at all', async () => {
  if (process.getuid() !== 0) throw new Skip('network namespaces need root');
  const [d, r, g] = ['d', 'r', 'g'].map((c) => `h2o${c}${process.pid}`), ip = (...args) => spawnSync('ip', args).status === 0;
  if (![d, r, g].every((ns) => ip('netns', 'add', ns))) throw new Skip('network namespaces cannot be made here');
  try {
    for (const [ns, dev, at, otherDev, otherAt] of [[d, 'v0', '10.97.1.2/24', 'v1', '10.97.1.1/24'], [g, 'v3', '10.97.2.1/24', 'v2', '10.97.2.2/24']]) {
      if (!ip('link', 'add', dev, 'netns', ns, 'type', 'veth', 'peer', 'name', otherDev, 'netns', r)) throw new Skip('veth pairs cannot be made here');
      for (const [n, i, a] of [[ns, dev, at], [r, otherDev, otherAt]]) { ip('-n', n, 'addr', 'add', a, 'dev', i); ip('-n', n, 'link', 'set', i, 'up'); ip('-n', n, 'link', 'set', 'lo', 'up'); }
    }
    ip('-n', d, 'route', 'add', '10.97.2.0/24', 'via', '10.97.1.1');
    ip('-n', g, 'route', 'add', '10.97.1.0/24', 'via', '10.97.2.2');
    spawnSync('ip', ['netns', 'exec', r, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
    const there = (t) => t.replace(`127.0.0.1:${port}`, '10.97.2.1:5710'), name = 'path to 10.97.2.1:5710';
    const lanes = edited(link, there), tun = path.join(path.dirname(link), 'tun.yaml');
    fs.writeFileSync(tun, there(fs.readFileSync(link, 'utf8')).replace(/^lanes:.*\n( .*\n)+/m, 'tun: { name: head2, address: ["10.77.0.2/24"] }\n'));
    const mtu = (n) => { for (const [ns, dev] of [[r, 'v2'], [g, 'v3']]) ip('-n', ns, 'link', 'set', dev, 'mtu', String(n)); ip('-n', d, 'route', 'flush', 'cache'); };
    doctor(lanes, d).expect(name, 'ok', /MTU 1500, .*datagrams of 1472 bytes pass, a session's have up to 1200/);
    doctor(tun, d).expect(name, 'ok', /datagrams of 1472 bytes pass, a session's have up to 1452/);
    check(doctor(tun, d).of('TUN device'), 'the TUN device was not looked at');
    mtu(1300);
    doctor(tun, d).expect(name, 'fail', /MTU 1300, .*datagrams of 1272 bytes pass, a session's have up to 1452/, /set tun\.mtu to 1244 at both ends, or raise the path's MTU to 1480/);
    doctor(lanes, d).expect(name, 'ok', /MTU 1300/);
    mtu(1100);
    doctor(lanes, d).expect(name, 'fail', /MTU 1100, .*datagrams of 1072 bytes pass/, /comes up and its data is lost: raise the path's MTU to 1228/);
    mtu(1500);
    ip('-n', d, 'route', 'del', '10.97.2.0/24');
    doctor(lanes, d).expect(name, 'fail', /unreachable/, /routes/);
  } finally { for (const ns of [d, r, g]) ip('netns', 'del', ns); }
});

fs.rmSync(base, { recursive: true, force: true });
process.exit(failures ? 1 : 0);
