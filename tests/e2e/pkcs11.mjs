// The PKCS #11 module with clients that others wrote: pkcs11-tool (OpenSC), p11tool (GnuTLS) and pkcs11js,
// before head2 keeper with a sealed store and a PIN. What pkcs11js signs is verified by OpenSSL 3.5, @noble and
// head2. The module stands beside the program, $HEAD2.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { b64, check, dir, dsa_sets, file, finish, get, good, head2, need_openssl, need_program, noble, openssl,
  put, run, same, test } from '../peers/common.mjs';

need_program('pkcs11');
const so = path.join(path.dirname(head2), 'libhead2-pkcs11.so');
need_program('pkcs11', so);
const modules = path.join(path.resolve(process.env.HEAD2_PEERS ?? 'build/peers'), 'node_modules');
const socket = file('store/keeper.sock'), PIN = '2468';
const env = { ...process.env, HEAD2_KEEPER: socket };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const has = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
const need = (what, there, why) => { if (!there) console.log(`skip ${what}: ${why}`); return there; };

// ---- a keeper with a key that was made before ----
put('kek', Buffer.alloc(40, 9));
put('pin', `${PIN}\n`);
good(['store', 'init', '--store', 'store', '--key-file', 'kek']);
good(['key', 'generate', '--no-passphrase', '--no-receipt', '--out', 'k.pem', '--public-out', 'k.pub.pem']);
good(['store', 'import', '--store', 'store', '--key-file', 'kek', '--label', 'imported', 'k.pem']);
const keeper = spawn(head2, ['keeper', '--store', 'store', '--key-file', 'kek', '--pin-file', 'pin'],
  { cwd: dir, env: { PATH: process.env.PATH, HOME: dir } });
let said = '';
keeper.stderr.on('data', (d) => { said += d; });
const ended = new Promise((done) => keeper.on('exit', (code) => done(code)));
process.on('exit', () => keeper.kill('SIGKILL'));
for (let i = 0; i < 200 && !/keys, at/.test(said); i++) await sleep(25);

function tool(program, args, code = 0) {
  const r = spawnSync(program, args, { cwd: dir, env, timeout: 60000 });
  const text = `${r.stdout}${r.stderr}`;
  check(r.status === code || (code !== 0 && r.status !== 0 && r.status !== null), `${args.join(' ')} ended with ${r.status}: ${text}`);
  return text;
}
const expect = (text, ...words) => words.forEach((w) => check(w.test(text), `${w} is not in ${text}`));

if (need('pkcs11_tool', has('pkcs11-tool'), 'pkcs11-tool is not installed (apt-get install opensc)')) {
  const p = (...args) => tool('pkcs11-tool', ['--module', so, ...args]);
  await test('pkcs11_tool_lists', () => {
    expect(p('--list-slots'), /HEAD-2 keeper 0/, /login required/, /keeper\.sock/);
    expect(p('--show-info'), /Cryptoki version 3\.2/, /CHIMERA HEAD-2/);
    expect(p('--list-mechanisms'), /AES-GCM/, /mechtype-0x1D, keySize=\{1312,2592\}, sign, verify/, /SHA3-512, digest/);
    const shut = p('--list-objects'), open = p('--login', '--pin', PIN, '--list-objects');
    expect(shut, /Public Key Object/, /label: +imported/);
    check(!/Private Key Object/.test(shut), 'a private key is seen without the PIN');
    expect(open, /Private Key Object/, /sensitive/);
    return 5;
  });
  await test('pkcs11_tool_wrong_pin', () => {
    expect(tool('pkcs11-tool', ['--module', so, '--login', '--pin', '1357', '--list-objects'], 1), /CKR_PIN_INCORRECT/);
    expect(p('--login', '--pin', PIN, '--list-objects'), /Private Key Object/); // which waits until it may
    return 2;
  });
  await test('pkcs11_tool_random_and_digests', () => {
    p('--generate-random', '64', '--output-file', 'random');
    check(get('random').length === 64 && new Set(get('random')).size > 20, 'no random numbers');
    put('text', 'a text');
    p('--hash', '--mechanism', 'SHA256', '--input-file', 'text', '--output-file', 'digest');
    expect(spawnSync('sha256sum', [file('text')]).stdout.toString(), new RegExp(`^${get('digest').toString('hex')}`));
    return 2;
  });
  await test('pkcs11_tool_keys_that_are_not_there_to_be_had', () => {
    // 0.23 can ask for RSA, EC and AES keys: none of them is made here, and it says so
    for (const type of ['rsa:2048', 'EC:prime256v1'])
      expect(tool('pkcs11-tool', ['--module', so, '--login', '--pin', PIN, '--keypairgen', '--key-type', type, '--label', 'x'], 1),
        /CKR_MECHANISM_INVALID|not supported/);
    expect(tool('pkcs11-tool', ['--module', so, '--login', '--pin', PIN, '--keygen', '--key-type', 'AES:32', '--label', 'x'], 1),
      /CKR_FUNCTION_NOT_SUPPORTED|not supported/);
    put('secret', Buffer.alloc(32));
    expect(tool('pkcs11-tool', ['--module', so, '--login', '--pin', PIN, '--write-object', 'secret', '--type', 'secrkey', '--key-type', 'AES:32'], 1),
      /CKR_ATTRIBUTE_VALUE_INVALID/);
    return 4;
  });
}

if (need('p11tool', has('p11tool'), 'p11tool is not installed (apt-get install gnutls-bin)')) {
  const p = (...args) => tool('p11tool', ['--provider', so, '--batch', ...args]);
  await test('p11tool_lists', () => {
    expect(p('--list-tokens'), /HEAD-2 keeper 0/, /Requires login/);
    const url = /URL: (pkcs11:\S+)/.exec(p('--list-tokens'))[1];
    expect(p('--login', '--set-pin', PIN, '--list-all', url), /Label: imported/, /Type: Private key/);
    expect(p('--list-mechanisms', url), /0x001d/i);
    p('--generate-random', '32', '--outfile', file('r32'), url);
    return 4;
  });
}

const js_path = path.join(modules, 'pkcs11js');
if (need('pkcs11js', fs.existsSync(js_path), `pkcs11js is not in ${modules} (npm brings it: scripts/test)`)) {
  need_openssl('pkcs11js');
  const { dsa } = await noble('pkcs11js');
  const js = createRequire(import.meta.url)(js_path);
  process.env.HEAD2_KEEPER = socket;
  const p = new js.PKCS11();
  p.load(so);
  p.C_Initialize();
  const session = p.C_OpenSession(p.C_GetSlotList(true)[0], js.CKF_SERIAL_SESSION | js.CKF_RW_SESSION);
  const [KEY_PAIR_GEN, ML_DSA, PARAMETER_SET, PUBLIC_KEY_INFO] = [0x1c, 0x1d, 0x61d, 0x129];
  const number = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(n)); return b; };
  const value = (o, type) => p.C_GetAttributeValue(session, o, [{ type }])[0].value;
  const pair = (set, label) => p.C_GenerateKeyPair(session, { mechanism: KEY_PAIR_GEN, parameter: null },
    [{ type: js.CKA_TOKEN, value: true }, { type: PARAMETER_SET, value: number(set) }],
    [{ type: js.CKA_TOKEN, value: true }, { type: js.CKA_LABEL, value: label }]);
  const refused = (body, code) => {
    try { body(); } catch (e) { check(e.code === code, `${e.message} (${e.code}), not ${code}`); return; }
    check(false, `is done, not refused with ${code}`);
  };

  await test('numbers_are_those_of_others', () => {
    const ours = fs.readFileSync(new URL('../../src/pkcs11/numbers.h', import.meta.url), 'utf8');
    let known = 0;
    for (const [, name, n] of ours.matchAll(/^#define (CK[A-Z]_\w+) +(\w+?)UL$/gm)) {
      if (!(name in js)) continue; // it ends with 3.0
      check(js[name] === Number(n), `${name} is ${n} here and ${js[name]} there`);
      known++;
    }
    check(known > 100, `${known} numbers compared`);
    return known;
  });
  await test('pkcs11js_needs_the_pin', () => {
    refused(() => pair(1, 'no'), js.CKR_USER_NOT_LOGGED_IN);
    refused(() => p.C_Login(session, js.CKU_USER, '1111'), js.CKR_PIN_INCORRECT);
    p.C_Login(session, js.CKU_USER, PIN);
    return 3;
  });
  await test('pkcs11js_signs_and_others_verify', () => {
    const requests = [];
    dsa_sets.forEach((set, i) => {
      const keys = pair(i + 1, `made ${set.name}`), message = Buffer.from(`signed with ${set.name}`);
      const pk = value(keys.publicKey, js.CKA_VALUE), mechanism = { mechanism: ML_DSA, parameter: null };
      check(pk.length === set.pk, `a public key of ${pk.length} bytes`);
      p.C_SignInit(session, mechanism, keys.privateKey);
      const whole = p.C_Sign(session, message, Buffer.alloc(8192));
      p.C_SignInit(session, mechanism, keys.privateKey);
      for (const b of message) p.C_SignUpdate(session, Buffer.from([b]));
      const parts = p.C_SignFinal(session, Buffer.alloc(8192));
      for (const sig of [whole, parts]) {
        check(sig.length === set.sig, `a signature of ${sig.length} bytes`);
        p.C_VerifyInit(session, mechanism, keys.publicKey);
        check(p.C_Verify(session, message, sig) !== false, 'does not verify');
        check(dsa[set.js].verify(sig, message, pk), '@noble refuses it');
        const wrong = Buffer.from(sig);
        wrong[40] ^= 1;
        p.C_VerifyInit(session, mechanism, keys.publicKey);
        refused(() => p.C_Verify(session, message, wrong), js.CKR_SIGNATURE_INVALID);
        requests.push({ op: 'verify', key: b64(value(keys.publicKey, PUBLIC_KEY_INFO)), msg: b64(message), sig: b64(sig) });
      }
      refused(() => value(keys.privateKey, js.CKA_VALUE), js.CKR_ATTRIBUTE_SENSITIVE);
    });
    openssl(requests).forEach((a, i) => check(a.ok === true, `OpenSSL refuses signature ${i}: ${a.error}`));
    return requests.length;
  });
  await test('an_imported_key_signs_and_head2_verifies', () => {
    p.C_FindObjectsInit(session, [{ type: js.CKA_LABEL, value: Buffer.from('imported') }, { type: js.CKA_CLASS, value: number(3) }]);
    const [key] = p.C_FindObjects(session, 5);
    p.C_FindObjectsFinal(session);
    put('message', 'a message');
    p.C_SignInit(session, { mechanism: ML_DSA, parameter: null }, key);
    put('message.sig', p.C_Sign(session, get('message'), Buffer.alloc(8192)));
    good(['verify', '--raw', '--key', 'k.pub.pem', 'message']);
    return 1;
  });
  await test('a_key_that_the_verb_makes_is_there', () => {
    good(['keeper', 'generate', '--keeper', socket, '--pin-file', 'pin', '--type', 'ML-KEM-768', 'kem']);
    p.C_FindObjectsInit(session, [{ type: js.CKA_LABEL, value: Buffer.from('kem') }, { type: js.CKA_CLASS, value: number(3) }]);
    const [key] = p.C_FindObjects(session, 5);
    p.C_FindObjectsFinal(session);
    check(value(key, PARAMETER_SET).equals(number(2)), 'another parameter set');
    for (const [type, is] of [[js.CKA_LOCAL, 1], [js.CKA_NEVER_EXTRACTABLE, 1], [js.CKA_EXTRACTABLE, 0]])
      check(value(key, type)[0] === is, `attribute ${type}`);
    return 1;
  });
  await test('keys_last_and_a_killed_keeper_is_found_again', async () => {
    const list = () => { // labels by object
      p.C_FindObjectsInit(session, [{ type: js.CKA_CLASS, value: number(2) }]);
      const all = p.C_FindObjects(session, 50).map((o) => value(o, js.CKA_LABEL).toString());
      p.C_FindObjectsFinal(session);
      return all.sort().join();
    };
    const before = list();
    check(before === 'imported,kem,made ML-DSA-44,made ML-DSA-65,made ML-DSA-87', before);
    const child = Number(fs.readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, 'utf8').trim().split(' ')[0]);
    process.kill(child, 'SIGKILL');
    same(Buffer.from(list()), Buffer.from(before), 'the lists'); // the call waits for the next keeper
    refused(() => pair(1, 'no'), js.CKR_USER_NOT_LOGGED_IN); // which wants the PIN again
    p.C_Login(session, js.CKU_USER, PIN);
    pair(1, 'after');
    return 2;
  });
  p.C_CloseSession(session);
  p.C_Finalize();
}

await test('the_keeper_ends_and_says_what_was_done', async () => {
  keeper.kill('SIGTERM');
  check(await ended === 0, said);
  check(/"event":"login","result":"[^"]*passphrase/.test(said), said);
  check(run(['store', 'check', '--store', 'store', '--key-file', 'kek']).code === 0, 'the store is damaged');
  return 1;
});
finish();
