// Job records and reports as an operator makes them and an auditor reads them: records that are
// refused, records that come signed, reports in four formats that are parsed here once more and
// counted against the ledger's own export. Receipts are put in by `appender` beside the program, which is
// $HEAD2, else build/release/head2.
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { calls, check, end, file, head2, put, test } from '../fixture.mjs';

const appender = path.join(path.dirname(head2), 'appender');
const { good, bad } = calls();
const read = (name) => fs.readFileSync(file(name), 'utf8');
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

// ---- reports ----

const DAY = 86400000, JUNE = Date.parse('2026-06-01T00:00:00Z');
const iso = (ms) => new Date(ms).toISOString();
function fill(list, ...more) {
  const r = spawnSync(appender, [file('state/ledger'), file('key.pem'), ...more], {
    input: list.map((e) => JSON.stringify({ index: 0, kind: e.kind, time: iso(e.ms), subject: 'abc', number: 1, text: e.text })).join('\n') + '\n' });
  check(r.status === 0, `appender: ${r.error ?? r.stderr}`);
}
const suites = ['CH2-L5', 'CH2-L1X4', 'CH2-L5-P384'];
const receipt = (kind, i) => ({
  rotation: `# Key Rotation Event ${i}\nOld Key ID: kyber-${i - 1}\nProfile: ${suites[i % 3]}\nDilithium Signature: verified`,
  signature: `# Artifact Signature ${i}\nArtifact: f.gpx\nHash: ${i % 2 ? 'blake3:00' : 'sha3-512:00'}\nAlgorithm: ML-DSA-${i % 5 ? 87 : 65}`,
  keygen: `# Key Generation ${i}\nAlgorithm: ML-DSA-87\nFile: a.pem`,
  'verification-failed': `# Failed Verification ${i}\nReason: REJECTED`,
  'entropy-alarm': `# Entropy Alarm ${i}\nEvent: ${i % 2 ? 'entropy-closed' : 'entropy-open'}`,
}[kind]);
const kinds = ['rotation', 'signature', 'keygen', 'verification-failed', 'entropy-alarm', 'job', 'text'];
// 700 entries from three days before June on, a few minutes to hours apart; records of the day before.
function sample() {
  fs.mkdirSync(file('state/ledger'), { recursive: true });
  good(['key', 'generate', '--out', 'key.pem', '--public-out', 'key.pub.pem', '--no-passphrase', '--no-receipt']);
  let ms = JUNE - 3 * DAY;
  const list = Array.from({ length: 700 }, (_, i) => {
    const kind = kinds[(i * i + (i >> 3)) % kinds.length];
    ms += (i * 7919) % 7 * 1000000;
    if (kind === 'text') return { kind, ms, text: `note ${i}` };
    if (kind !== 'job') return { kind, ms, text: receipt(kind, i) };
    const r = { ...record, record_id: `r${i}`, start: iso(ms - DAY), regime: ['137.71', '7cfr110', 'eu2023-564'].slice(0, 1 + i % 3),
      quantity: i % 2 ? record.quantity : { unit: 'l' }, customer: { name: `=cmd("${i}"), <b>|`, address: 'x' } };
    delete r.end;
    return { kind, ms, text: i % 50 === 7 ? '[1]' : JSON.stringify(r) };
  });
  fill(list);
}
const report = (...args) => good(['report', '--from', '2026-06-01', '--to', '2026-06-20', ...args]);
const period = [JUNE, JUNE + 19 * DAY];
const inside = (ms) => ms >= period[0] && ms < period[1];

// The entries of an export, and which of them are of the period, by a second counting.
function exported() {
  good(['ledger', 'export', 'out']);
  const list = fs.readdirSync(file('out/entries')).sort().flatMap((name) =>
    read(`out/entries/${name}`).split('\n').slice(0, -1).map((l) => JSON.parse(l)));
  for (const e of list) {
    e.ms = Date.parse(e.time);
    try { e.record = e.kind === 'job' ? JSON.parse(e.text) : null; } catch { e.record = null; }
    if (Array.isArray(e.record)) e.record = null;
    e.inside = inside(e.kind === 'job' && e.record ? Date.parse(e.record.start) : e.ms);
  }
  return list;
}
const count = (list, what) => list.filter(what).length;

await test('JSON: every figure is counted against the export', () => {
  sample();
  const o = JSON.parse(report('--format', 'json')), list = exported();
  const basis = Object.fromEntries(o.basis.basis.map((r) => [r.item, r.value]));
  check(o.from === '2026-06-01T00:00:00.000Z' && o.to === '2026-06-20T00:00:00.000Z', 'period');
  check(basis['checkpoint, entries'] === '700' && basis['checkpoint, root'] === read('out/checkpoint').split('\n')[2], 'checkpoint');
  check(Number(basis['entries of the period']) === count(list, (e) => inside(e.ms)), 'entries');
  check(count(list, (e) => inside(e.ms)) > 300 && count(list, (e) => !inside(e.ms)) > 50, 'the sample is not what it should be');
  for (const k of o.basis.kinds) {
    const of = list.filter((e) => e.kind === k.kind && inside(e.ms));
    check(k.entries === of.length && k.in_ledger === count(list, (e) => e.kind === k.kind), k.kind);
    check(k.first_entry === of[0].index && k.last_entry === of.at(-1).index, `${k.kind}: first and last`);
  }
  check(o.basis.kinds.reduce((n, k) => n + k.in_ledger, 0) === 700, 'all kinds');
  const jobs = list.filter((e) => e.kind === 'job' && e.inside);
  check(Number(basis['job records of the period']) === jobs.length, 'records');
  check(Number(basis['job records recorded in the period']) - Number(basis['of these, of another time by their start'])
    + Number(basis['recorded at another time, of the period by their start']) === jobs.length, 'the counts do not add up');
  check(o.basis.unreadable.length === count(jobs, (e) => !e.record) && o.basis.unreadable.length > 0, 'unreadable');
  for (const [name, regime, months] of [['cfr14_137_71', '137.71', 12], ['cfr7_110_3', '7cfr110', 24], ['eu_2023_564', 'eu2023-564', 36]]) {
    const rows = o[name].records, want = jobs.filter((e) => e.record?.regime.includes(regime));
    check(rows.length === want.length && rows.every((r, i) => r.entry === want[i].index), name);
    rows.forEach((r, i) => {
      const from = want[i].record, until = new Date(from.start);
      until.setUTCMonth(until.getUTCMonth() + months);
      check(r.record_id === from.record_id && r['customer.name'] === (name === 'eu_2023_564' ? undefined : from.customer.name), r.record_id);
      check(r['quantity.measured'] === (from.quantity.measured ?? null) && r.recorded === want[i].time, r.record_id);
      check(r.keep_until === until.toISOString().slice(0, 10) && r.signature === 'none', `${r.record_id} ${r.keep_until}`);
      const lacks = regime === 'eu2023-564' || from.quantity.measured ? [] : ['quantity.measured or quantity.declared'];
      check(JSON.stringify(r.missing) === JSON.stringify(lacks), `${name} ${JSON.stringify(r.missing)}`);
    });
  }
  const values = (name) => list.filter((e) => inside(e.ms)).map((e) => new RegExp(`^${name}: (.*)$`, 'm').exec(e.text)?.[1]);
  for (const u of o.cnsa.algorithms.filter((r) => ['Profile', 'Algorithm', 'Hash'].includes(r.place)))
    check(u.entries === count(values(u.place), (v) => v?.split(':')[0] === u.value), `${u.place} ${u.value}`);
  check(o.cnsa.algorithms.filter((r) => r.cnsa === 'exception').map((r) => r.value).join()
    === 'CH2-L5-P384,CH2-L1X4,HKDF, HMAC-SHA3-512,ML-DSA-65,blake3,sha3-512,blake3,SHA3-512,SHA-256', 'exceptions');
  const alarms = list.filter((e) => inside(e.ms) && (e.kind === 'verification-failed' || (e.kind === 'entropy-alarm' && !e.text.includes('entropy-open'))));
  check(o.nis2.incidents.reduce((n, i) => n + i.entries, 0) === alarms.length && o.figures.alarms === alarms.length, 'alarms');
  for (const i of o.nis2.incidents) {
    check(Date.parse(i.early_warning_by) - Date.parse(i.first_time) === DAY, '24 hours');
    check(Date.parse(i.notification_by) - Date.parse(i.first_time) === 3 * DAY, '72 hours');
  }
  for (const [plot, kind] of [['rotations', ['rotation']], ['failures', ['verification-failed', 'entropy-alarm']]])
    check(o.activity[plot].values.reduce((a, b) => a + b) === count(list, (e) => kind.includes(e.kind) && inside(e.ms)), plot);
  const p = o.activity.signatures_per_hour;
  const sum = p.values.reduce((a, b) => a + b) * p.seconds / 3600;
  check(Math.abs(sum - count(list, (e) => e.kind === 'signature' && inside(e.ms))) < 0.01, `signatures ${sum}`);
});

// RFC 4180, from its grammar.
function parseCsv(text) {
  const lines = [];
  for (let at = 0; at < text.length;) {
    const line = [];
    for (;;) {
      check(text[at] === '"', `a cell that is not quoted at ${at}`);
      let cell = '';
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) { cell += text[at]; if (text[at] === '"') at++; }
      at++;
      line.push(cell);
      if (text[at] !== ',') break;
      at++;
    }
    check(text.slice(at, at + 2) === '\r\n', 'a line end');
    at += 2;
    lines.push(line);
  }
  return lines.slice(1).map((l) => { check(l.length === lines[0].length, 'columns'); return Object.fromEntries(l.map((c, i) => [lines[0][i], c])); });
}

await test('CSV: a table for each regime, that no spreadsheet computes', () => {
  sample();
  const o = JSON.parse(report('--format', 'json'));
  for (const [regime, section] of [['137.71', 'cfr14_137_71'], ['7cfr110', 'cfr7_110_3'], ['eu2023-564', 'eu_2023_564']]) {
    const rows = parseCsv(report('--format', 'csv', '--regime', regime));
    const records = rows.filter((r) => r.table === 'records');
    check(records.length === o[section].records.length && records.length > 10, regime);
    records.forEach((r, i) => {
      for (const [name, value] of Object.entries(o[section].records[i])) {
        const cell = r[name].replace(/^'/, ''), want = Array.isArray(value) ? value.join(', ') : String(value ?? '');
        check(cell === want, `${regime} ${name}: ${r[name]} for ${want}`);
        if (typeof value === 'string') check(!/^\s*[=+\-@]/.test(r[name]), `${name}: ${r[name]}`);
      }
    });
    check(rows.filter((r) => r.table === 'basis').length === o.basis.basis.length, 'the basis');
  }
  check(parseCsv(report('--format', 'csv', '--regime', '137.71')).some((r) => r['customer.name'].startsWith("'=cmd(")), 'the guard');
  check(parseCsv(report('--format', 'csv', '--regime', 'nis2')).filter((r) => r.table === 'life_cycle').length === 12, 'nis2');
  check(parseCsv(report('--format', 'csv', '--regime', 'cnsa')).some((r) => r.value === 'CH2-L1X4' && r.cnsa === 'exception'), 'cnsa');
});

await test('HTML has nothing from elsewhere and nothing that runs; Markdown is what it looks like', () => {
  sample();
  const page = report('--format', 'html');
  check(!/<script|javascript:|https?:|src=|url\(|@import|<b>\|/i.test(page), 'something that a page should not have');
  check(page.includes("default-src 'none'") && (page.match(/<svg/g) ?? []).length === 3, 'plots');
  check((page.match(/<article/g) ?? []).length > 100, 'records');
  const md = report();
  check(md.startsWith('# CHIMERA HEAD-2 compliance report\n') && md.includes('\\<b\\>\\|'), 'Markdown');
  for (const line of md.split('\n').filter((l) => l.startsWith('| ')))
    check(line.replace(/\\[^]/g, '').endsWith('|') && !/[<>]/.test(line.replace(/\\[^]/g, '')), line);
});

await test('the same ledger gives the same bytes, also as an export and after more entries', () => {
  sample();
  const first = report('--format', 'json');
  check(report('--format', 'json') === first, 'twice');
  good(['ledger', 'export', 'copy']);
  const other = report('--format', 'json', '--ledger', 'copy');
  check(other === first.replace('the ledger’s folder', 'an export'), 'an export');
  check(report('--format', 'json', '--ledger', 'copy', '--ledger-key', 'key.pub.pem').includes('"a key that was given"'), 'its key');
  fill([{ kind: 'rotation', ms: JUNE, text: receipt('rotation', 1) }], 'unsigned');
  const o = JSON.parse(report('--format', 'json')), basis = Object.fromEntries(o.basis.basis.map((r) => [r.item, r.value]));
  check(basis['entries after the checkpoint, left out'] === '1' && basis['checkpoint, entries'] === '700', 'what is not signed');
  check(basis['times that the clock went back'] === '0', 'and not looked at');
  fill([{ kind: 'rotation', ms: JUNE, text: receipt('rotation', 2) }]);
  const later = JSON.parse(report('--format', 'json'));
  check(later.basis.notes.some((n) => /went back 1 times, first at entry 700/.test(n)), 'the clock');
  check(later.figures.entries === o.figures.entries + 2, 'two more');
});

await test('signed records are judged again', () => {
  keys();
  job('a.json');
  sign('a.json');
  append('a.json', '--signature', 'a.json.sig.maml', '--trust', 'trust');
  append(job('b.json', { record_id: 'b' }));
  const row = (...more) => JSON.parse(report('--format', 'json', ...more)).cfr14_137_71.records[0];
  check(row().signature === 'there is one; not checked: no trust file', row().signature);
  const r = row('--trust', 'trust');
  check(r.signature === 'valid' && r.signer === 'North Wing' && /^[0-9a-f]{32}$/.test(r.signer_key), JSON.stringify(r));
  put('other', '"South Wing" op.pub.pem\n');
  check(/^invalid: /.test(row('--trust', 'other').signature), 'an unknown signer');
  put('revoked', '"North Wing" op.pub.pem - - 2026-01-01\n');
  check(/^invalid: .*revoked/.test(row('--trust', 'revoked').signature), 'a revoked key');
  check(JSON.parse(report('--format', 'json')).cfr14_137_71.records[1].signature === 'none', 'b');
});

await test('a ledger of another key vouches for a record whose signer was revoked later', () => {
  keys();
  job('a.json');
  sign('a.json');
  append('a.json', '--signature', 'a.json.sig.maml', '--trust', 'trust');
  append(job('b.json', { record_id: 'b' }));
  good(['ledger', 'export', 'out']);
  const at = read('out/checkpoints/000000000002').split('\n')[3];
  put('later', '"North Wing" op.pub.pem - - 2099-01-01\n');
  put('before', '"North Wing" op.pub.pem - - 2026-01-01\n');
  put('both', '"North Wing" op.pub.pem - - 2099-01-01\nledger state/ledger/ledger.pub.pem - - 2099-01-01\n');
  const verdict = (...more) => JSON.parse(report('--format', 'json', ...more)).cfr14_137_71.records[0].signature;
  const known = ['--ledger-key', 'state/ledger/ledger.pub.pem'];
  check(verdict('--trust', 'later') === 'invalid: the key is revoked', verdict('--trust', 'later'));
  for (const where of [[], ['--ledger', 'out']])
    check(verdict('--trust', 'later', ...known, ...where) === `valid at ${at}, when the ledger had recorded it; since then: the key is revoked`,
      verdict('--trust', 'later', ...known, ...where));
  check(/^invalid: .*revoked/.test(verdict('--trust', 'before', ...known)), 'revoked before');
  check(/^invalid: .*revoked/.test(verdict('--trust', 'both', ...known)), 'a ledger whose key is revoked');
  append('a.json', '--signature', 'a.json.sig.maml', '--trust', 'trust', '--ledger', 'own', '--key', 'op.pem');
  check(/^invalid: .*revoked/.test(verdict('--trust', 'later', '--ledger', 'own', '--ledger-key', 'op.pub.pem')), 'its own ledger');
});

await test('a report is signed, and its signature is in the ledger', () => {
  sample();
  keys();
  const signed = ['report', '--from', '2026-06-01', '--to', '2026-06-20', '--format', 'html', '--key', 'op.pem', '--signer', 'North Wing'];
  const before = report('--format', 'html');
  const text = good([...signed, '--out', 'r.html']);
  check(/^report r.html: \d+ entries of the period, from a ledger of 700\nsigned r.html -> r.html.sig.maml /.test(text), text);
  check(read('r.html') === before, 'the same report');
  check(good(['verify', '--trust', 'trust', 'r.html']).startsWith('valid r.html: North Wing'), 'verify');
  check(/media_type: "text\/html"/.test(read('r.html.sig.maml')) && /receipt: "700"/.test(read('r.html.sig.maml')), 'the block');
  const last = entries().at(-1);
  const hash = /signed_hash: "(blake3:[0-9a-f]{64})"/.exec(read('r.html.sig.maml'))[1];
  check(last.index === 700 && last.kind === 'signature' && last.text.includes('Artifact: r.html\n') && last.text.includes(`Hash: ${hash}\n`), last.text);
  bad([...signed, '--out', 'r.html'], 5, /r.html.sig.maml: there is a signature already/);
  put('r.md', 'mine');
  bad([...signed, '--out', 'r.md'], 5, /r.md/);
  check(entries().length === 701 && !fs.existsSync(file('r.md.sig.maml')), 'a signature of nothing');
  const o = JSON.parse(good([...signed, '--out', 'r.html', '--existing', 'replace', '--json']).split('\n')[0]);
  check(o.signed === true && o.report === 'r.html' && o.checkpoint >= 700, JSON.stringify(o));
  good([...signed, '--out', 'n.html', '--no-receipt', '--hash', 'sha3-512']);
  check(entries().length === 702 && !/receipt:/.test(read('n.html.sig.maml')) && good(['verify', '--trust', 'trust', 'n.html']), 'without a receipt');
  good(['ledger', 'export', 'copy']);
  bad([...signed, '--ledger', 'copy', '--out', 'c.html'], 2, /an export cannot record/);
  good([...signed, '--ledger', 'copy', '--no-receipt', '--out', 'c.html']);
  check(!fs.existsSync(file('copy/ledger.sqlite')), 'a ledger in an export');
  bad(signed, 2, /standard output is not signed/);
  bad(['report', '--from', '2026-06-01', '--to', '2026-06-20', '--signer', 'x'], 2, /not signed/);
  bad([...signed.slice(0, -4), '--key', 'none.pem', '--out', 'd.html'], 3, /none.pem/);
  check(!fs.existsSync(file('d.html')), 'made, and not signed');
  check(/; not signed\n$/.test(good([...signed.slice(0, -4), '--out', 'd.html'])), 'said');
});

await test('a ledger that does not verify gives no report', () => {
  sample();
  good(['ledger', 'export', 'out']);
  const args = ['report', '--from', '2026-06-01', '--to', '2026-06-20', '--ledger', 'out', '--out', 'r.md'];
  const name = 'out/entries/000001.jsonl', whole = read(name);
  put(name, whole.replace('CH2-L1X4', 'CH2-L5'));
  bad(args, 1, /no report: 1 fault in the ledger, first: entry \d+ is/);
  put(name, whole.split('\n').slice(1).join('\n'));
  bad(args, 1, /no report: .*missing/);
  put(name, whole);
  const stranger = ['key', 'generate', '--out', 's.pem', '--public-out', 's.pub.pem', '--no-passphrase', '--no-receipt'];
  good(stranger);
  bad([...args, '--ledger-key', 's.pub.pem'], 1, /no report: .*fault/);
  fs.rmSync(file('out/checkpoints'), { recursive: true });
  bad(args, 3, /no ledger|neither|there is no/);
  check(!fs.existsSync(file('r.md')), 'a report was written');
});

await test('typed wrong', () => {
  const base = ['report', '--from', '2026-06-01', '--to', '2026-07-01'];
  bad(base, 3, /there is no ledger/);
  sample();
  bad(['report'], 2, /--from.*the period is not said/);
  bad(['report', '--from', '2026-06-01'], 2, /--to/);
  bad(['report', '--from', '2026-06-31', '--to', '2026-07-01'], 2, /'2026-06-31' is not a time/);
  bad(['report', '--from', '2026-06-01', '--to', '2026-06-01'], 2, /the period is empty/);
  bad([...base, '--format', 'csv'], 2, /one regime/);
  bad([...base, '--format', 'pdf'], 2, /md\|csv\|html\|json|md, csv/);
  bad([...base, '--regime', 'faa'], 2, /137.71/);
  bad([...base, 'more'], 2, /argument/);
  good([...base, '--out', 'r.md']);
  const before = read('r.md');
  put('r.md', 'mine');
  bad([...base, '--out', 'r.md'], 5, /r.md/);
  check(read('r.md') === 'mine', 'written over');
  good([...base, '--out', 'r.md', '--existing', 'replace']);
  check(read('r.md') === before, 'replaced');
  bad([...base, '--out', 'no/such/r.md'], 3, /no\/such/);
  const empty = good(['report', '--from', '2020-01-01', '--to', '2020-02-01']);
  check(empty.includes('There is no entry of this period.'), 'an empty period');
});

end();
