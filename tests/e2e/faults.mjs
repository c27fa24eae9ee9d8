// One call of the system or the allocator fails, each in turn, under the verbs that make and use
// keys: no crash, the documented exit code, one line that says what happened, no temporary file, no
// half-written file, and a ledger that still verifies. What ends with success is right.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const head2 = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
const library = path.join(path.dirname(head2), 'libfaults.so');
const base = fs.mkdtempSync(path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'head2-faults-'));
process.on('exit', () => fs.rmSync(base, { recursive: true, force: true }));
if (!fs.existsSync(library)) {
  console.log(`FAIL faults: ${library} is missing; build the target test-programs`);
  process.exit(1);
}
let failures = 0;
const start = path.join(base, 'start'), dir = path.join(base, 'now');
const counter = path.join(base, 'count');
const check = (condition, what) => { if (!condition) throw new Error(what); };

function run(args, fault) {
  const env = { PATH: process.env.PATH, HOME: dir, HEAD2_STATE: path.join(dir, 'state') };
  if (fault) Object.assign(env, { LD_PRELOAD: library, HEAD2_FAULT: fault, HEAD2_FAULT_COUNT: counter });
  const r = spawnSync(head2, args, { cwd: dir, input: '', env, timeout: 30000 });
  return { code: r.status, signal: r.signal, out: String(r.stdout), err: String(r.stderr) };
}
function good(args) {
  const r = run(args);
  check(r.code === 0, `${args.join(' ')} ended with ${r.code}: ${r.err}`);
}
const has = (name) => fs.existsSync(path.join(dir, name));
function reset() {
  fs.rmSync(dir, { recursive: true, force: true });
  fs.cpSync(start, dir, { recursive: true });
}

// what everything starts from: keys, a signed file, a ciphertext, a ledger with one receipt
fs.mkdirSync(dir);
fs.writeFileSync(path.join(dir, 'log.csv'), 'time,nozzle,ml\n0,1,20\n');
fs.writeFileSync(path.join(dir, 'doc.maml.md'), '---\nmaml_version: "2.0.0"\nid: x\n---\n# Flight\n');
fs.writeFileSync(path.join(dir, 'pass'), 'correct horse\n', { mode: 0o600 });
good(['key', 'generate', '--type', 'ML-DSA-44', '--out', 's.pem', '--public-out', 's.pub.pem', '--no-passphrase', '--ledger', 'rc']);
good(['key', 'generate', '--type', 'ML-KEM-768', '--out', 'e.pem', '--public-out', 'e.pub.pem', '--no-passphrase', '--no-receipt']);
fs.copyFileSync(path.join(dir, 'log.csv'), path.join(dir, 'old.csv'));
good(['sign', '--raw', '--key', 's.pem', '--no-receipt', 'old.csv']);
good(['kem', 'encaps', '--key', 'e.pub.pem', '--ct', 'old.ct', '--secret', 'old.ss']);
fs.cpSync(dir, start, { recursive: true });

const readable = (name) => { if (has(name)) good(['key', 'show', name]); };
const whole = (name, n) => { if (has(name)) check(fs.statSync(path.join(dir, name)).size === n, `${name} is not whole`); };
// verb, its arguments, what its files must be like whatever happened, and what success means
const verbs = [
  { name: 'key_generate', random: 6,
    args: ['key', 'generate', '--type', 'ML-DSA-44', '--out', 'new.pem', '--public-out', 'new.pub.pem', '--no-passphrase', '--ledger', 'rc'],
    files: () => { readable('new.pem'); readable('new.pub.pem'); },
    done: () => check(has('new.pem') && has('new.pub.pem'), 'a key is missing') },
  { name: 'key_generate_encrypted', random: 6, few: true,
    args: ['key', 'generate', '--type', 'ML-KEM-768', '--out', 'new.pem', '--passphrase-file', 'pass', '--no-receipt'],
    files: () => { if (has('new.pem')) good(['key', 'show', '--passphrase-file', 'pass', 'new.pem']); },
    done: () => check(has('new.pem'), 'the key is missing') },
  { name: 'sign_raw', random: 6, args: ['sign', '--raw', '--key', 's.pem', '--ledger', 'rc', 'log.csv'],
    files: () => { if (has('log.csv.sig')) good(['verify', '--raw', '--key', 's.pub.pem', 'log.csv']); },
    done: () => check(has('log.csv.sig'), 'the signature is missing'),
    kept: () => check(!has('log.csv.sig'), 'a signature left that is not recorded') },
  { name: 'sign_document', random: 6, args: ['sign', '--key', 's.pem', '--ledger', 'rc', 'doc.maml.md'],
    files: (ok) => {
      const same = fs.readFileSync(path.join(dir, 'doc.maml.md')).equals(fs.readFileSync(path.join(start, 'doc.maml.md')));
      check(ok || same || run(['verify', '--key', 's.pub.pem', 'doc.maml.md']).code === 0, 'the document is neither old nor signed');
    },
    done: () => good(['verify', '--key', 's.pub.pem', 'doc.maml.md']),
    kept: () => check(fs.readFileSync(path.join(dir, 'doc.maml.md')).equals(fs.readFileSync(path.join(start, 'doc.maml.md'))), 'a signature left that is not recorded') },
  { name: 'verify', args: ['verify', '--raw', '--key', 's.pub.pem', 'old.csv'], files: () => {}, done: () => {} },
  { name: 'encaps', random: 6, args: ['kem', 'encaps', '--key', 'e.pub.pem', '--ct', 'new.ct', '--secret', 'new.ss'],
    files: () => { whole('new.ct', 1088); whole('new.ss', 32); },
    done: () => {
      good(['kem', 'decaps', '--key', 'e.pem', '--ct', 'new.ct', '--secret', 'again.ss']);
      check(fs.readFileSync(path.join(dir, 'new.ss')).equals(fs.readFileSync(path.join(dir, 'again.ss'))), 'the secrets differ');
    } },
  { name: 'decaps', args: ['kem', 'decaps', '--key', 'e.pem', '--ct', 'old.ct', '--secret', 'new.ss'],
    files: () => whole('new.ss', 32),
    done: () => check(fs.readFileSync(path.join(dir, 'new.ss')).equals(fs.readFileSync(path.join(dir, 'old.ss'))), 'the secrets differ') },
];
const kinds = ['malloc', 'any-malloc', 'random', 'write', 'fsync', 'rename', 'link', 'any-pwrite', 'any-fdatasync'];

function one(verb, kind, n) {
  reset();
  const r = run(verb.args, `${kind}:${n}`);
  const where = `${kind} ${n}`;
  check(r.signal === null, `${where}: ended by ${r.signal}: ${r.err}`);
  check([0, 3, 5, 6, 7].includes(r.code), `${where}: exit code ${r.code}: ${r.err}`);
  if (r.code !== 0) check(/^head2: [^\n]+\n$/.test(r.err), `${where}: not one line of error: '${r.err}'`);
  if (kind === 'random') check(r.code === verb.random, `${where}: exit code ${r.code}: ${r.err}`);
  const left = fs.readdirSync(dir, { recursive: true }).filter((f) => /tmp|\.new$|~$/i.test(path.basename(String(f))));
  check(left.length === 0, `${where}: ${left} was left (exit code ${r.code})`);
  try {
    verb.files(r.code === 0);
    if (r.code === 0) verb.done();
    // what the ledger has refused to record has not left
    else if (/^any-(pwrite|fdatasync)$/.test(kind)) verb.kept?.();
    good(['ledger', 'verify', 'rc']);
  } catch (e) {
    throw new Error(`${where} (exit code ${r.code}, '${r.err.trim()}'): ${e.message}`);
  }
}

for (const verb of verbs) {
  for (const kind of kinds) {
    const name = `faults_${verb.name}_${kind}`;
    let cases = 0;
    try {
      reset();
      const quiet = run(verb.args, `${kind}:0`);
      check(quiet.code === 0, `without a fault it ends with ${quiet.code}: ${quiet.err}`);
      const calls = Number(fs.readFileSync(counter, 'utf8'));
      if (kind === 'any-malloc') check(calls > 0, 'no call was counted');
      if (calls === 0 || (kind === 'random' && verb.random === undefined)) continue;
      const most = kind === 'any-malloc' || verb.few ? 30 : 60;
      const step = Math.max(1, Math.ceil(calls / most));
      for (let n = 1; n <= calls; n += step, cases++) one(verb, kind, n);
      console.log(`ok ${name}`);
      console.log(`    ${cases} of ${calls} calls failed in turn`);
    } catch (e) {
      failures++;
      console.log(`FAIL ${name}: ${e.message.split('\n').join(' | ').slice(0, 500)}`);
    }
  }
}
process.exit(failures ? 1 : 0);
