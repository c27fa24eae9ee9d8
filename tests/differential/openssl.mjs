// Signatures and encapsulations that cross between head2 and OpenSSL 3.5 in both directions: by
// the command line as people use it, and by the hundred through ACVP prompts; what is damaged on
// the way gets the same verdict, and the same implicit-rejection secret, from both.
import { acvp, b64, below, bytes, check, dsa_sets, file, finish, flip, get, good, hex, kem_sets,
  need_openssl, need_program, openssl, pick, pkcs8, put, run, same, spki, test, unb64, unhex }
  from '../peers/common.mjs';

need_program('openssl');
need_openssl('openssl');
const BATCH = 250;
// the empty context is what the verbs take when none is given
const under = (context) => (context ? ['--context', context] : []);

for (const set of dsa_sets) {
  await test(`raw_signatures_${set.name}`, () => {
    const key = `${set.name}.pem`, pub = `${set.name}.pub.pem`;
    good(['key', 'generate', '--type', set.name, '--out', key, '--public-out', pub, '--no-passphrase',
      '--no-receipt', '--form', 'both']);
    const cases = [['', 0], ['head2', 1], ['x'.repeat(255), 200], ['', 3000000], ['ключ', 70000]]
      .map(([context, n], i) => ({ context, msg: bytes(n), name: put(`${set.name}-${i}`, '') }));
    const requests = [];
    for (const c of cases) {
      put(c.name.split('/').pop(), c.msg);
      good(['sign', '--raw', '--key', key, ...under(c.context), '--no-receipt', c.name]);
      c.sig = get(`${c.name.split('/').pop()}.sig`);
      const common = { msg: b64(c.msg), context: b64(c.context) };
      requests.push({ op: 'verify', key: b64(get(pub)), sig: b64(c.sig), ...common },
        { op: 'verify', key: b64(get(pub)), sig: b64(c.sig), msg: common.msg, context: b64('other') },
        { op: 'sign', key: b64(get(key)), ...common });
    }
    const answers = openssl(requests);
    cases.forEach((c, i) => {
      const [right, wrong, made] = answers.slice(3 * i, 3 * i + 3);
      check(right.ok === true, `OpenSSL refuses signature ${i}: ${right.error}`);
      check(wrong.ok === false, `OpenSSL accepts signature ${i} under another context`);
      put('peer.sig', unb64(made.sig));
      const args = ['verify', '--raw', '--key', pub, '--signature', file('peer.sig')];
      check(run([...args, ...under(c.context), c.name]).code === 0,
        `head2 refuses OpenSSL's signature ${i}`);
      check(run([...args, '--context', 'other', c.name]).code === 1, 'another context is accepted');
    });
    return 4 * cases.length;
  });

  await test(`signatures_${set.name}`, () => {
    const seeds = Array.from({ length: 8 }, () => bytes(32));
    const keys = acvp('ML-DSA', 'keyGen',
      [{ parameterSet: set.name, tests: seeds.map((s) => ({ seed: hex(s) })) }])
      .map((k) => ({ pk: unhex(k.pk), sk: unhex(k.sk) }));
    const cases = Array.from({ length: BATCH }, () => (
      { key: pick(keys), msg: bytes(pick([0, 1, 135, 136, 137, below(6000)])), context: bytes(pick([0, 1, 255, below(256)])) }));
    const fields = { parameterSet: set.name, signatureInterface: 'external', preHash: 'pure' };
    const sigs = acvp('ML-DSA', 'sigGen', [{ ...fields, deterministic: false,
      tests: cases.map((c) => ({ sk: hex(c.key.sk), message: hex(c.msg), context: hex(c.context), rnd: hex(bytes(32)) })) }]);
    const theirs = openssl(cases.map((c) => ({ op: 'sign', key: b64(pkcs8(set, c.key.sk)), msg: b64(c.msg), context: b64(c.context) })));
    const tries = [];
    cases.forEach((c, i) => {
      check(!theirs[i].error, `OpenSSL does not sign: ${theirs[i].error}`);
      for (const sig of [unhex(sigs[i].signature), unb64(theirs[i].sig)]) {
        tries.push({ ...c, pk: c.key.pk, sig, good: true });
        const bad = { ...c, pk: c.key.pk, sig, good: false };
        switch (below(5)) {
        case 0: bad.sig = flip(sig); break;
        case 1: bad.msg = c.msg.length ? flip(c.msg) : bytes(1); break;
        case 2: bad.context = c.context.length ? flip(c.context) : bytes(1); break;
        case 3: bad.pk = flip(c.key.pk); break;
        default: bad.sig = below(2) ? sig.subarray(0, below(sig.length)) : Buffer.concat([sig, bytes(1)]);
        }
        tries.push(bad);
      }
    });
    const ours = acvp('ML-DSA', 'sigVer', [{ ...fields, tests: tries.map((t) => (
      { pk: hex(t.pk), message: hex(t.msg), context: hex(t.context), signature: hex(t.sig) })) }]);
    const peer = openssl(tries.map((t) => (
      { op: 'verify', key: b64(spki(set, t.pk)), msg: b64(t.msg), context: b64(t.context), sig: b64(t.sig) })));
    tries.forEach((t, i) => {
      check(ours[i].testPassed === t.good, `case ${i}: head2 says ${ours[i].testPassed}`);
      check((peer[i].ok === true) === t.good, `case ${i}: OpenSSL says ${peer[i].ok ?? peer[i].error}`);
    });
    return tries.length;
  });
}

for (const set of kem_sets) {
  await test(`encapsulation_files_${set.name}`, () => {
    const key = `${set.name}.pem`, pub = `${set.name}.pub.pem`, ct = file(`${set.name}.ct`);
    good(['key', 'generate', '--type', set.name, '--out', key, '--public-out', pub, '--no-passphrase', '--no-receipt']);
    good(['kem', 'encaps', '--key', pub, '--ct', ct, '--secret', 'ours.ss', '--existing', 'replace']);
    const [got, sent] = openssl([{ op: 'decaps', key: b64(get(key)), ct: b64(get(`${set.name}.ct`)) },
      { op: 'encaps', key: b64(get(pub)) }]);
    check(!got.error && !sent.error, `OpenSSL: ${got.error ?? sent.error}`);
    same(unb64(got.ss), get('ours.ss'), 'secrets of our ciphertext');
    put('peer.ct', unb64(sent.ct));
    good(['kem', 'decaps', '--key', key, '--ct', file('peer.ct'), '--secret', file('peer.ss'), '--existing', 'replace']);
    same(unb64(sent.ss), get('peer.ss'), "secrets of OpenSSL's ciphertext");
    put('peer.ct', flip(unb64(sent.ct)));
    good(['kem', 'decaps', '--key', key, '--ct', file('peer.ct'), '--secret', file('peer.ss'), '--existing', 'replace']);
    const [rejected] = openssl([{ op: 'decaps', key: b64(get(key)), ct: b64(get('peer.ct')) }]);
    same(unb64(rejected.ss), get('peer.ss'), 'implicit-rejection secrets');
    put('peer.ct', bytes(set.ct - 1));
    check(run(['kem', 'decaps', '--key', key, '--ct', file('peer.ct'), '--secret', file('none.ss')]).code === 3,
      'a short ciphertext is taken');
    const [short] = openssl([{ op: 'decaps', key: b64(get(key)), ct: b64(get('peer.ct')) }]);
    check(short.error, 'OpenSSL takes a short ciphertext');
    return 4;
  });

  await test(`encapsulations_${set.name}`, () => {
    const keys = acvp('ML-KEM', 'keyGen', [{ parameterSet: set.name,
      tests: Array.from({ length: BATCH }, () => ({ d: hex(bytes(32)), z: hex(bytes(32)) })) }])
      .map((k) => ({ pk: unhex(k.ek), sk: unhex(k.dk) }));
    const sent = acvp('ML-KEM', 'encapDecap', [{ parameterSet: set.name, function: 'encapsulation',
      tests: keys.map((k) => ({ ek: hex(k.pk), m: hex(bytes(32)) })) }]);
    const theirs = openssl(keys.map((k) => ({ op: 'encaps', key: b64(spki(set, k.pk)) })));
    const tries = [];
    keys.forEach((k, i) => {
      check(!theirs[i].error, `OpenSSL does not encapsulate: ${theirs[i].error}`);
      tries.push({ k, ct: unhex(sent[i].c), ss: unhex(sent[i].k) },
        { k, ct: unb64(theirs[i].ct), ss: unb64(theirs[i].ss) },
        { k, ct: flip(unhex(sent[i].c)) }, { k, ct: bytes(set.ct) });
    });
    const ours = acvp('ML-KEM', 'encapDecap', [{ parameterSet: set.name, function: 'decapsulation',
      tests: tries.map((t) => ({ dk: hex(t.k.sk), c: hex(t.ct) })) }]);
    const peer = openssl(tries.map((t) => ({ op: 'decaps', key: b64(pkcs8(set, t.k.sk)), ct: b64(t.ct) })));
    tries.forEach((t, i) => {
      check(!peer[i].error, `OpenSSL does not decapsulate: ${peer[i].error}`);
      same(unhex(ours[i].k), unb64(peer[i].ss), `secrets of case ${i}`);
      if (t.ss) same(unhex(ours[i].k), t.ss, `secret of case ${i} and what was sent`);
    });
    // keys that fail the modulus check (FIPS 203, 7.2) and those that do not
    const eks = keys.map(({ pk }) => {
      const ek = Buffer.from(pk);
      const at = 3 * below((set.pk - 32) / 3);
      const value = 3329 + below(4096 - 3329);
      if (below(2)) {
        ek[at] = value & 255;
        ek[at + 1] = (ek[at + 1] & 0xf0) | value >> 8;
      } else {
        ek[at + 1] = (ek[at + 1] & 0x0f) | (value & 15) << 4;
        ek[at + 2] = value >> 4;
      }
      return ek;
    }).concat(keys.map((k) => k.pk));
    const said = acvp('ML-KEM', 'encapDecap', [{ parameterSet: set.name, function: 'encapsulationKeyCheck',
      tests: eks.map((ek) => ({ ek: hex(ek) })) }]);
    openssl(eks.map((ek) => ({ op: 'encaps', key: b64(spki(set, ek)) }))).forEach((answer, i) => {
      check(said[i].testPassed === i >= keys.length, `key ${i}: head2 says ${said[i].testPassed}`);
      check(!answer.error === said[i].testPassed, `key ${i}: OpenSSL says ${answer.error ?? 'good'}`);
    });
    return tries.length + eks.length;
  });
}
finish();
