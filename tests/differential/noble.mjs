// @noble/post-quantum, written independently in another language: the same seeds give the same
// keys, the same randomness the same signatures and ciphertexts, byte for byte, and what is wrong
// gets the same verdict.
import { acvp, below, bytes, check, dsa_sets, finish, flip, hex, kem_sets, need_program, noble, pick,
  same, test, unhex } from '../peers/common.mjs';

need_program('noble');
const peer = await noble('noble');
const DSA_KEYS = 60, DSA_CASES = 90, KEM_CASES = 300;
const accepts = (verify) => { try { return verify(); } catch { return false; } };
// HashML-DSA with the digests that reach the set's strength (FIPS 204, 5.4.1)
const prehashes = [['SHA2-256', 'sha256', 128], ['SHA2-384', 'sha384', 192], ['SHA2-512', 'sha512', 256],
  ['SHA2-512/256', 'sha512_256', 128], ['SHA3-256', 'sha3_256', 128], ['SHA3-384', 'sha3_384', 192],
  ['SHA3-512', 'sha3_512', 256], ['SHAKE-128', 'shake128_32', 128], ['SHAKE-256', 'shake256_64', 256]];
const function_of = (js) => peer.sha2[js] ?? peer.sha3[js];

for (const set of dsa_sets) {
  const theirs = peer.dsa[set.js];
  let keys;
  await test(`keys_${set.name}`, () => {
    const seeds = Array.from({ length: DSA_KEYS }, () => bytes(32));
    keys = acvp('ML-DSA', 'keyGen',
      [{ parameterSet: set.name, tests: seeds.map((s) => ({ seed: hex(s) })) }])
      .map((k) => ({ pk: unhex(k.pk), sk: unhex(k.sk) }));
    seeds.forEach((s, i) => {
      const k = theirs.keygen(s);
      same(k.publicKey, keys[i].pk, `public keys of seed ${hex(s)}`);
      same(k.secretKey, keys[i].sk, `private keys of seed ${hex(s)}`);
    });
    return seeds.length;
  });

  // one kind of signature: how a test says it in ACVP, and how noble makes and checks it
  const kinds = [
    { name: 'pure', fields: { signatureInterface: 'external', preHash: 'pure' }, context: true,
      sign: (c, rnd) => theirs.sign(c.msg, c.key.sk, { context: c.context, extraEntropy: rnd }),
      verify: (c) => theirs.verify(c.sig, c.msg, c.pk, { context: c.context }) },
    { name: 'internal', fields: { signatureInterface: 'internal', externalMu: false },
      sign: (c, rnd) => theirs.internal.sign(c.msg, c.key.sk, { extraEntropy: rnd }),
      verify: (c) => theirs.internal.verify(c.sig, c.msg, c.pk) },
    { name: 'mu', fields: { signatureInterface: 'internal', externalMu: true }, size: 64,
      sign: (c, rnd) => theirs.internal.sign(c.msg, c.key.sk, { extraEntropy: rnd, externalMu: true }),
      verify: (c) => theirs.internal.verify(c.sig, c.msg, c.pk, { externalMu: true }) },
    { name: 'prehash', fields: { signatureInterface: 'external', preHash: 'preHash' }, context: true, hash: true,
      sign: (c, rnd) => theirs.prehash(c.hash.fn).sign(c.msg, c.key.sk, { context: c.context, extraEntropy: rnd }),
      verify: (c) => theirs.prehash(c.hash.fn).verify(c.sig, c.msg, c.pk, { context: c.context }) }];
  for (const kind of kinds) {
    await test(`signatures_${kind.name}_${set.name}`, () => {
      const hashes = prehashes.filter(([, js, bits]) => bits >= set.strength && function_of(js))
        .map(([name, js]) => ({ name, fn: function_of(js) }));
      check(hashes.length >= 3, 'noble has too few digests');
      const cases = Array.from({ length: DSA_CASES }, (_, i) => ({
        key: pick(keys), msg: bytes(kind.size ?? pick([0, 1, 136, below(3000)])), deterministic: i % 2 === 0,
        context: kind.context ? bytes(pick([0, 1, 255, below(256)])) : Buffer.alloc(0), hash: hashes[i % hashes.length], rnd: bytes(32) }));
      const input = (c) => ({ ...(kind.name === 'mu' ? { mu: hex(c.msg) } : { message: hex(c.msg) }),
        ...(kind.context ? { context: hex(c.context) } : {}), ...(kind.hash ? { hashAlg: c.hash.name } : {}) });
      const sigs = acvp('ML-DSA', 'sigGen', [{ parameterSet: set.name, ...kind.fields, tests: cases.map((c) => (
        { sk: hex(c.key.sk), deterministic: c.deterministic, rnd: hex(c.rnd), ...input(c) })) }]);
      const tries = [];
      cases.forEach((c, i) => {
        const sig = unhex(sigs[i].signature);
        same(kind.sign(c, c.deterministic ? false : c.rnd), sig, `signatures of case ${i}`);
        const t = { ...c, pk: c.key.pk, sig };
        if (i % 4 === 0) tries.push({ ...t, good: true });
        const bad = { ...t, good: false };
        const how = below(5);
        if (how === 0) bad.msg = kind.size || c.msg.length ? flip(c.msg) : bytes(1);
        else if (how === 1) {
          bad.pk = flip(t.pk);
          // with mu given, nothing but the lattice equation binds t1, and it forgives a low bit
          if (kind.name === 'mu') bad.good = undefined;
        }
        else if (how === 2 && kind.context) bad.context = c.context.length ? flip(c.context) : bytes(1);
        else if (how === 3) bad.sig = sig.subarray(0, below(sig.length));
        else if (how === 4) { // the hint's own rules: order, count and padding (Algorithm 21)
          bad.sig = Buffer.from(sig);
          bad.sig[sig.length - 1 - below(90)] = below(256);
          bad.good = bad.sig.equals(sig);
        } else bad.sig = flip(sig);
        tries.push(bad);
      });
      const ours = acvp('ML-DSA', 'sigVer', [{ parameterSet: set.name, ...kind.fields, tests: tries.map((t) => (
        { pk: hex(t.pk), signature: hex(t.sig), ...input(t) })) }]);
      tries.forEach((t, i) => {
        const theirs_say = accepts(() => kind.verify(t));
        check(ours[i].testPassed === (t.good ?? theirs_say), `case ${i}: head2 says ${ours[i].testPassed}`);
        check(theirs_say === (t.good ?? theirs_say), `case ${i}: noble says ${theirs_say}`);
      });
      return cases.length + tries.length;
    });
  }
}

for (const set of kem_sets) {
  const theirs = peer.kem[set.js];
  await test(`encapsulation_${set.name}`, () => {
    const seeds = Array.from({ length: KEM_CASES }, () => bytes(64));
    const keys = acvp('ML-KEM', 'keyGen', [{ parameterSet: set.name, tests: seeds.map((s) => (
      { d: hex(s.subarray(0, 32)), z: hex(s.subarray(32)) })) }])
      .map((k) => ({ pk: unhex(k.ek), sk: unhex(k.dk) }));
    const ms = seeds.map(() => bytes(32));
    const sent = acvp('ML-KEM', 'encapDecap', [{ parameterSet: set.name, function: 'encapsulation',
      tests: keys.map((k, i) => ({ ek: hex(k.pk), m: hex(ms[i]) })) }]);
    const tries = [];
    keys.forEach((k, i) => {
      const made = theirs.keygen(seeds[i]);
      same(made.publicKey, k.pk, `encapsulation keys of seed ${hex(seeds[i])}`);
      same(made.secretKey, k.sk, `decapsulation keys of seed ${hex(seeds[i])}`);
      const out = theirs.encapsulate(k.pk, ms[i]);
      same(out.cipherText, unhex(sent[i].c), `ciphertexts of case ${i}`);
      same(out.sharedSecret, unhex(sent[i].k), `secrets of case ${i}`);
      tries.push({ k, ct: unhex(sent[i].c) }, { k, ct: flip(unhex(sent[i].c)) });
      if (i % 3 === 0) tries.push({ k, ct: bytes(set.ct) }, { k, ct: Buffer.alloc(set.ct, below(2) * 255) });
    });
    const ours = acvp('ML-KEM', 'encapDecap', [{ parameterSet: set.name, function: 'decapsulation',
      tests: tries.map((t) => ({ dk: hex(t.k.sk), c: hex(t.ct) })) }]);
    tries.forEach((t, i) => same(theirs.decapsulate(t.ct, t.k.sk), unhex(ours[i].k), `decapsulated secrets of case ${i}`));
    return keys.length * 2 + tries.length;
  });

  await test(`key_checks_${set.name}`, () => {
    const seeds = Array.from({ length: 40 }, () => bytes(64));
    const keys = seeds.map((s) => theirs.keygen(s));
    const eks = [], dks = [];
    for (const { publicKey, secretKey } of keys) {
      // an entry of the matrix vector at or above q, sometimes just below it, which is right
      const ek = Buffer.from(publicKey);
      const at = 3 * below((set.pk - 32) / 3);
      const value = pick([3328, 3329, 4095, 3329 + below(767)]);
      ek[at] = value & 255;
      ek[at + 1] = (ek[at + 1] & 0xf0) | value >> 8;
      eks.push(ek, Buffer.from(publicKey), publicKey.subarray(0, below(set.pk)));
      // dk: s, then ek, its hash and z; only ek and the hash are checked (FIPS 203, 7.3)
      const dk = Buffer.from(secretKey);
      const start = pick([set.sk - 64, set.sk - 64 - set.pk, set.sk - 32]);
      dk[start + below(32)] ^= 1 << below(8);
      dks.push({ dk, good: start === set.sk - 32 }, { dk: secretKey.subarray(0, below(set.sk)), good: false });
    }
    const said = acvp('ML-KEM', 'encapDecap', [
      { parameterSet: set.name, function: 'encapsulationKeyCheck', tests: eks.map((ek) => ({ ek: hex(ek) })) },
      { parameterSet: set.name, function: 'decapsulationKeyCheck', tests: dks.map(({ dk }) => ({ dk: hex(dk) })) }]);
    const m = bytes(32), ct = bytes(set.ct);
    eks.forEach((ek, i) => check(accepts(() => theirs.encapsulate(ek, m) && true) === said[i].testPassed,
      `ek ${i}: head2 says ${said[i].testPassed}`));
    dks.forEach(({ dk, good }, i) => {
      const ours = said[eks.length + i].testPassed;
      check(ours === good, `dk ${i}: head2 says ${ours}`);
      check(accepts(() => theirs.decapsulate(ct, dk) && true) === good, `dk ${i}: noble says ${!good}`);
    });
    return eks.length + dks.length;
  });
}
finish();
