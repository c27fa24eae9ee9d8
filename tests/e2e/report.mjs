// Job records and reports as an operator makes them and an auditor reads them: records that are
// refused, records that come signed, reports in four formats that are parsed here once more and
// counted against the ledger's own export. The program is $HEAD2, else build/release/head2.
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const head2 = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-report-'));
process.on('exit', () => fs.rmSync(base, { recursive: true, force: true }));
let failures = 0, dir = base, counter = 0;
const check = (condition, what) => { if (!condition) throw new Error(what); };
async function test(name, body) {
  dir = path.join(base, `t${++counter}`);
  fs.mkdirSync(dir);
  try {
    await body();
    console.log(`ok ${name}`);
  } catch (e) {
    failures++;
    console.log(`FAIL ${name}: ${e.message.split('\n').join(' | ')}`);
  }
}
const environment = () => ({ PATH: process.env.PATH, HOME: dir, HEAD2_STATE: path.join(dir, 'state') });
const file = (name) => path.join(dir, name);
const read = (name) => fs.readFileSync(file(name), 'utf8');
const put = (name, bytes) => { fs.writeFileSync(file(name), bytes); return name; };
function run(args, input = '') {
  const r = spawnSync(head2, args, { cwd: dir, input, env: environment(), timeout: 60000, maxBuffer: 1 << 28 });
  return { code: r.status, text: r.stdout.toString(), err: r.stderr.toString() };
}
function good(args, input) {
  const r = run(args, input);
  check(r.code === 0 && r.err === '', `${args.join(' ')} ended with ${r.code}: ${r.err}${r.text}`);
  return r.text;
}
function bad(args, code, words) {
  const r = run(args);
  check(r.code === code, `${args.join(' ')} ended with ${r.code}, not ${code}: ${r.err}`);
  check(/^head2: [^\n]+; [^\n]+\n$/.test(r.err), `not one line that says what to do: ${r.err}`);
  check(words.test(r.err), `'${r.err.trim()}' does not say ${words}`);
  const o = JSON.parse(run([...args, '--json']).err);
  check(o.code === code && 'hint' in o, JSON.stringify(o));
  return r;
}
const entries = () => good(['ledger', 'show', '--json']).split('\n').slice(0, -1).map((l) => JSON.parse(l));

const record = {
  record_id: '2026-0117', regime: ['137.71', '7cfr110', 'eu2023-564'],
  operator: { name: 'North Wing', certificate: 'AG-1234', exemption: '17936' },
  customer: { name: 'A. Farmer', address: '1 Field Road' },
  pilot: { name: 'P. Lot', address: '2 Air Street', certificate: '4567', knowledge_skill_date: '2026-01-15' },
  applicator: { name: 'P. Lot', certification: 'CA-77' },
  aircraft: { registration: 'N123AB', serial: '7' },
  start: '2026-06-01T05:40:00Z', end: '2026-06-01T06:10:00Z',
  material: { name: 'Stop', epa_reg: '100-1', eu_authorisation: 'DE-1', eppo_crop: 'TRZAX', bbch: '65' },
  quantity: { declared: 40, measured: 41.25, unit: 'l' }, dose: '2 l/ha',
  area: { ha: 20.5, location: 'T1 R2 S3', crop: 'wheat', geojson_hash: `blake3:${'0a'.repeat(32)}` },
};
const job = (name, changes = {}) => put(name, JSON.stringify({ ...record, ...changes }));
function keys() {
  good(['key', 'generate', '--out', 'op.pem', '--public-out', 'op.pub.pem', '--no-passphrase', '--no-receipt']);
  put('trust', '"North Wing" op.pub.pem\n');
}
const sign = (name, ...more) =>
  good(['sign', '--key', 'op.pem', '--signer', 'North Wing', '--no-receipt', ...more, name]);
const append = (...args) => good(['ledger', 'append', '--kind', 'job', ...args]);

// ---- job records ----

await test('a record is recorded byte for byte, and what a report would lack is said', () => {
  const odd = put('odd.json', `  {"start" : "2026-06-01",\n\t"quantity": {"measured": 1.50e1}}\n\n`);
  const text = append(odd);
  check(text.startsWith('0 odd.json\nnote: odd.json: a report would lack record_id, regime, '), text);
  check(text.split('\n').length === 3 && !text.includes('start'), text);
  check(entries()[0].text === read('odd.json') && entries()[0].kind === 'job', 'the bytes');
  check(append(job('full.json')) === '1 full.json\n', 'nothing is missing');
  const o = JSON.parse(append(odd, '--json'));
  check(o.entries[0].index === 2 && o.entries[0].missing.includes('customer.address'), JSON.stringify(o));
});

await test('all that is wrong is said at once, and nothing is appended', () => {
  job('good.json');
  put('wrong.json', JSON.stringify({ material: { epa_rge: '1' }, quantity: { measured: -1 }, start: 'today' }));
  const r = bad(['ledger', 'append', '--kind', 'job', 'good.json', 'wrong.json'], 3, /3 findings, first: material.epa_rge/);
  check(r.text === 'wrong.json: material.epa_rge: no such field; nearest is material.epa_reg\n'
    + 'wrong.json: quantity.measured: is negative\nwrong.json: start: must be a time, as 2026-06-01T05:40:00Z, or a day\n', r.text);
  put('twice.json', '{"start": "2026-01-01", "start": "2026-01-01"}');
  bad(['ledger', 'append', '--kind', 'job', 'twice.json'], 3, /duplicate/);
  put('list.json', '[]');
  bad(['ledger', 'append', '--kind', 'job', 'list.json'], 3, /not a JSON object/);
  check(!fs.existsSync(file('state/ledger')), 'a ledger was made');
});

await test('a signed record goes in with its signature, an invalid one does not', () => {
  keys();
  job('a.json');
  sign('a.json');
  const text = append('a.json', '--signature', 'a.json.sig.maml', '--trust', 'trust');
  check(text === '0 a.json\n1 a.json.sig.maml\n', text);
  const [first, second] = entries();
  const hash = crypto.createHash('sha3-512').update(read('a.json')).digest('hex');
  check(first.text === read('a.json') && first.kind === 'job', 'the record');
  check(second.kind === 'text'
    && second.text === `# Job Signature\nRecord: sha3-512:${hash}\n${read('a.json.sig.maml')}`, 'its signature');
  check(first.time === second.time, 'one transaction');
  fs.appendFileSync(file('a.json'), '\n');
  const signed = ['ledger', 'append', '--kind', 'job', 'a.json', '--signature', 'a.json.sig.maml', '--trust', 'trust'];
  bad(signed, 1, /invalid: the artifact|hash/);
  job('a.json');
  put('trust', '"North Wing" op.pub.pem - - 2026-01-01\n');
  bad(signed, 1, /revoked/);
  put('trust', '"South Wing" op.pub.pem\n');
  bad(signed, 1, /unknown signer|no trusted key|signer/);
  put('trust', '"North Wing" op.pub.pem\n');
  put('a.json.sig.maml', read('a.json.sig.maml').replace('algorithm', 'algorythm'));
  bad(signed, 3, /malformed: signature block, line/);
  bad(signed.slice(0, -2), 2, /whose signature is trusted/);
  bad([...signed.slice(0, 5), '--trust', 'trust'], 2, /no signature/);
  bad(['ledger', 'append', 'a.json', '--signature', 'a.json.sig.maml', '--trust', 'trust'], 2, /job record/);
  bad([...signed, 'trust'], 2, /one record at a time|there are 2/);
  check(entries().length === 2, 'something was appended');
});

process.exit(failures === 0 ? 0 : 1);
