// Key files of every set, format, form and protection: what head2 writes OpenSSL 3.5 reads as the
// same key, and the other way round; and both refuse the same broken ones.
import { b64, below, bytes, check, dsa_sets, file, finish, flip, get, good, kem_sets, need_openssl,
  need_program, openssl, pick, pkcs8, put, run, same, spki, test, unb64 } from '../peers/common.mjs';

need_program('keys');
need_openssl('keys');
const sets = [...dsa_sets, ...kem_sets];
const forms = ['seed', 'expanded', 'both'];
put('pass', 'correct horse\n');

for (const set of sets) {
  await test(`key_files_${set.name}`, () => {
    const name = `k-${set.name}`;
    good(['key', 'generate', '--type', set.name, '--out', `${name}.pem`, '--no-passphrase',
      '--form', 'both', '--no-receipt', '--public-out', `${name}.pub.pem`]);
    good(['key', 'export', `${name}.pem`, '--format', 'der', '--out', `${name}.pub.der`]);
    const requests = [];
    for (const format of ['pem', 'der']) {
      requests.push({ op: 'public', key: b64(get(`${name}.pub.${format}`)), format });
      for (const form of forms) {
        const out = `${name}-${form}.${format}`;
        good(['key', 'convert', `${name}.pem`, '--no-passphrase', '--format', format,
          '--form', form, '--out', out]);
        requests.push({ op: 'private', key: b64(get(out)), format });
      }
      // OpenSSL reads our encrypted key, and writes it encrypted in its own way (PBKDF2)
      const out = `${name}-enc.${format}`;
      good(['key', 'convert', `${name}.pem`, '--new-passphrase-file', 'pass', '--format', format,
        '--out', out]);
      requests.push({ op: 'private', key: b64(get(out)), format, passphrase: 'correct horse',
        write_passphrase: 'correct horse' });
    }
    const ours = get(`${name}.pub.der`);
    openssl(requests).forEach((answer, i) => {
      check(!answer.error, `OpenSSL on key ${i}: ${answer.error}`);
      check(answer.type === set.name.toLowerCase(), `OpenSSL reads a ${answer.type}`);
      same(unb64(answer.spki), ours, `public keys (file ${i})`);
      // and back: what OpenSSL writes is the same key to head2
      const back = put(`${name}-back${i}`, unb64(answer.written));
      same(good(['key', 'export', back, '--passphrase-file', 'pass', '--format', 'der', '--out', '-']),
        ours, `public keys (file ${i}, written by OpenSSL)`);
    });
    return requests.length * 2;
  });

  await test(`broken_keys_${set.name}`, () => {
    const [made] = openssl([{ op: 'generate', set: set.name }]);
    const pub = unb64(made.spki), priv = unb64(made.pkcs8);
    const seed_first = file(`b-${set.name}`);
    put(`b-${set.name}`, priv);
    good(['key', 'convert', seed_first, '--no-passphrase', '--format', 'der', '--form', 'expanded',
      '--out', `${seed_first}-x.der`]);
    const expanded = get(`b-${set.name}-x.der`);
    const sk = expanded.subarray(expanded.length - set.sk);
    same(pkcs8(set, sk), expanded, 'our PKCS#8 and the definition');
    const tries = [];
    const is_kem = set.ct !== undefined;
    for (let i = 0; i < 4; i++) {
      tries.push(['public', pub.subarray(0, below(pub.length))]);
      tries.push(['private', priv.subarray(0, below(priv.length))]);
      // the algorithm identifier, the seed and the expanded key of a `both` key no longer agree
      tries.push(['public', Buffer.concat([flip(pub.subarray(0, 20)), pub.subarray(20)])]);
      const at = 34 + below(priv.length - 34);
      tries.push(['private', Buffer.concat([priv.subarray(0, at), flip(priv.subarray(at, at + 1)),
        priv.subarray(at + 1)])]);
      tries.push(['public', Buffer.concat([pub, bytes(1)])]);
    }
    if (is_kem) {
      const high = Buffer.from(pub);
      high[pub.length - set.pk] = 0xff; // a coefficient of 4095
      high[pub.length - set.pk + 1] |= 0x0f;
      tries.push(['public', high]);
      const dk = Buffer.from(sk);
      dk[dk.length - 64 + below(32)] ^= 1; // H(ek) inside dk
      tries.push(['private', pkcs8(set, dk)]);
    }
    const verdicts = openssl(tries.map(([op, key]) => ({ op, key: b64(key) })));
    let differing = 0;
    tries.forEach(([op, key], i) => {
      const name = put(`try-${set.name}`, key);
      const r = run(['key', 'show', name]);
      check(r.code === 0 || r.code === 3, `case ${i} (${op}) ended with ${r.code}: ${r.err}`);
      // OpenSSL passes over bytes behind a key; head2 does not
      const lenient = op === 'public' && key.length === pub.length + 1;
      if ((r.code === 0) !== !verdicts[i].error && !lenient)
        throw new Error(`case ${i} (${op}): head2 ${r.code === 0 ? 'reads' : 'refuses'} it, OpenSSL ${
          verdicts[i].error ? `refuses it (${verdicts[i].error})` : 'reads it'}: ${key.subarray(0, 60).toString('hex')}`);
      if (lenient) check(r.code === 3, 'a byte behind the key was passed over');
      differing += lenient ? 1 : 0;
    });
    return tries.length - differing;
  });
}
finish();
