// The impairment relay as a process: what it says it did is what two ends see, it does what it was
// told, and the same again for the same seed. The build folder is $HEAD2_BUILD, else build/release.
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';

const program = path.resolve(process.env.HEAD2_BUILD ?? 'build/release', 'relay');
if (!fs.existsSync(program)) { console.log(`FAIL program: ${program} is missing; build the target relay`); process.exit(1); }
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
let failures = 0;
function check(condition, what) { if (!condition) throw new Error(what); }
async function test(name, body) {
  try { await body(); console.log(`ok ${name}`); } catch (e) { failures++; console.log(`FAIL ${name}: ${e.message}`); }
}
async function socket() {
  const s = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  await new Promise((done) => s.bind(0, '127.0.0.1', done));
  return s;
}
async function freePort() {
  const s = await socket(), { port } = s.address();
  await new Promise((done) => s.close(done));
  return port;
}

const COUNT = 3000;
// Sends COUNT numbered datagrams each way, 1500 a second, and tells what came in which order.
async function run(...settings) {
  const near = await socket(), far = await socket(), port = await freePort();
  const child = spawn(program, ['--listen', `127.0.0.1:${port}`, '--to', `127.0.0.1:${far.address().port}`, ...settings.map(String)]);
  let out = '', err = '';
  child.stdout.on('data', (t) => { out += t; });
  child.stderr.on('data', (t) => { err += t; });
  const ended = new Promise((done) => child.on('close', done));
  for (let i = 0; !err.includes('ready'); i++) { check(i < 100, `no relay: ${err}`); await sleep(20); }
  const got = { up: [], down: [] }, sent = { up: [], down: [] }, transit = { up: [], down: [] };
  let relayAt;
  const take = (way) => (bytes, from) => {
    const number = bytes.readUInt32BE(6);
    if (way === 'up') relayAt = from;
    transit[way].push(performance.now() - sent[way][number]);
    got[way].push(number);
  };
  far.on('message', take('up'));
  near.on('message', take('down'));
  const say = (s, way, to, address) => {
    const bytes = Buffer.alloc(100);
    bytes.write(way === 'up' ? 'upward' : 'downwd'); // stands where the tag is
    bytes.writeUInt32BE(sent[way].length, 6);
    sent[way].push(performance.now());
    s.send(bytes, to, address);
  };
  const began = performance.now();
  while (sent.up.length < COUNT || sent.down.length < COUNT) {
    const due = Math.floor((performance.now() - began) * 1.5);
    while (sent.up.length < Math.min(due, COUNT)) say(near, 'up', port, '127.0.0.1');
    if (relayAt) for (let k = 0; k < 10 && sent.down.length < Math.min(due, COUNT); k++) say(far, 'down', relayAt.port, '127.0.0.1');
    await sleep(2);
  }
  await sleep(700);
  child.kill('SIGTERM');
  check(await ended === 0, `the relay ended with ${err}`);
  for (const s of [near, far]) await new Promise((done) => s.close(done));
  return { said: JSON.parse(out), got, transit };
}
function measured(run_, way) {
  const { got } = run_, seen = new Set();
  let reordered = 0, highest = -1;
  for (const n of got[way]) {
    if (seen.has(n)) continue;
    seen.add(n);
    if (n < highest) reordered++;
    highest = Math.max(highest, n);
  }
  return { lost: COUNT - seen.size, twins: got[way].length - seen.size, reordered, numbers: [...seen].sort((a, b) => a - b).join() };
}

const radio = ['--loss', 0.02, '--burst-begin', 0.004, '--burst-end', 0.25, '--burst-loss', 0.8, '--duplicate', 0.02,
  '--reorder', 0.03, '--delay', 200, '--jitter', 8, '--hold', 25];
const [first, again, other] = await Promise.all([11, 11, 12].map((seed) => run('--seed', seed, ...radio)));
const [plain, slow] = await Promise.all([run('--seed', 1), run('--seed', 1, '--rate', 500_000)]);

await test('relay: what it says is what the ends see', async () => {
  for (const r of [first, again, other]) for (const way of ['up', 'down']) {
    const m = measured(r, way), s = r.said[way];
    check(s.kernel === 0 && s.unsent === 0, `lost by the machine: ${JSON.stringify(s)}`);
    check(s.in === COUNT && s.lost === m.lost, `${way}: ${m.lost} lost of ${COUNT}, the relay says ${s.lost} of ${s.in}`);
    check(s.duplicated === m.twins && s.out === COUNT - m.lost + m.twins, `${way}: ${m.twins} twins, the relay says ${s.duplicated}`);
    check(s.reordered === m.reordered, `${way}: ${m.reordered} reordered, the relay says ${s.reordered}`);
    const tag = r.said.tags.find((t) => t.direction === way && t.tag === Buffer.from(way === 'up' ? 'upward' : 'downwd').toString('hex'));
    check(tag.in === s.in && tag.lost === s.lost && tag.out === s.out, `by tag: ${JSON.stringify(tag)}`);
  }
});
await test('relay: it loses, doubles and reorders as often as told, and delays', async () => {
  // 2 % of the good 98.4 % and 80 % of the bad 1.6 %; five standard deviations, bursts make them wider
  for (const r of [first, other]) for (const way of ['up', 'down']) {
    const s = r.said[way], share = (n, p, wide) => Math.abs(n - COUNT * p) <= 5 * Math.sqrt(COUNT * p * (1 - p) * wide);
    check(Math.abs(r.said.expected_loss - 0.0323) < 0.0002, `expected loss ${r.said.expected_loss}`);
    check(share(s.lost, r.said.expected_loss, 4), `${way}: lost ${s.lost}`);
    check(share(s.duplicated, 0.02, 1) && share(s.held, 0.03, 1), `${way}: ${s.duplicated} twice, ${s.held} held`);
    check(s.reordered > s.held * 0.9 && s.reordered <= s.held, `${way}: ${s.reordered} of ${s.held} overtaken`);
    check(s.lost_in_bursts > 10, `${way}: ${s.lost_in_bursts} lost in bursts`);
    check(Math.min(...r.transit[way]) >= 199, `${way}: one came after ${Math.min(...r.transit[way])} ms`);
    console.log(`   ${way}: ${JSON.stringify(s)}`);
  }
});
await test('relay: the same seed decides the same, another one does not', async () => {
  for (const way of ['up', 'down']) {
    const [a, b, c] = [first, again, other].map((r) => measured(r, way));
    check(a.numbers === b.numbers && a.twins === b.twins, `${way}: other packets were lost`);
    check(a.numbers !== c.numbers, `${way}: the seed has no effect`);
  }
  check(measured(first, 'up').numbers !== measured(first, 'down').numbers, 'both directions lose the same');
});
await test('relay: told nothing it does nothing, and a rate holds', async () => {
  for (const way of ['up', 'down']) {
    check(plain.got[way].join() === [...Array(COUNT).keys()].join(), `${way}: not as sent`);
    // 0.5 Mbit/s of the 1.5 that are sent in 2 s; a quarter of a second waits
    const s = slow.said[way], passed = s.out * 128 * 8;
    check(s.overflow === s.lost && s.lost > COUNT / 3 && passed > 950_000 && passed < 1_450_000, `${way}: ${JSON.stringify(s)}`);
  }
});
process.exit(failures ? 1 : 0);
