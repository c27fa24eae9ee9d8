// The filter of fallback against node-mavlink, written independently from the definitions of
// mavlink.io: numbers, lengths and CRC_EXTRA of every message of its tables, and its own frames of
// every command.
import crypto from 'node:crypto';
import { below, check, finish, mavlink, need_oracle, oracle, pick, test } from '../peers/common.mjs';

need_oracle('mavlink');
const peer = await mavlink('mavlink');
const allows = (datagrams) => oracle(datagrams.map((d) => ['fallback-allows', 1, 0, d])).map((a) => a[0] === 1);

// every message of every dialect, the later standing for the earlier
const messages = new Map();
for (const dialect of ['minimal', 'standard', 'common', 'ardupilotmega'])
  for (const m of Object.values(peer[dialect].REGISTRY)) messages.set(m.MSG_ID, m);
const v1 = () => new peer.MavLinkProtocolV1(255, 190), v2 = () => new peer.MavLinkProtocolV2(255, 190);
const signed = (frame) => {
  const at = Buffer.from(frame);
  at[2] |= 1;
  const m = [...messages.values()].find((x) => x.MSG_ID === at.readUIntLE(7, 3));
  at.writeUInt16LE(peer.x25crc(at, 1, 2, m.MAGIC_NUMBER), at.length - 2);
  return v2().sign(at, 1, crypto.randomBytes(32));
};
const { MavCmd } = peer.common;
// what the page on protocol says may pass
const always = ['HEARTBEAT', 'SYSTEM_TIME', 'PING', 'TIMESYNC'];
const commands = new Map([['NAV_LOITER_UNLIM', 0], ['NAV_RETURN_TO_LAUNCH', 0], ['NAV_LAND', 0],
  ['DO_PAUSE_CONTINUE', 0], ['DO_FENCE_ENABLE', 1]]);

await test('messages', () => {
  const frames = [];
  for (const m of messages.values()) {
    if (m.MSG_NAME === 'COMMAND_LONG' || m.MSG_NAME === 'COMMAND_INT') continue;
    const body = new m();
    for (const f of m.FIELDS) {
      if (f.type === 'uint8_t' && f.name !== 'missionType') body[f.name] = 1 + below(255);
      if (/^u?int64_t$/.test(f.type)) body[f.name] = BigInt(1 + below(255));
    }
    frames.push({ m, frame: v2().serialize(body, below(256)) });
    // in version 1 there are no extension fields, but the peer writes them
    if (m.MSG_ID < 256 && !m.FIELDS.some((f) => f.extension)) frames.push({ m, frame: v1().serialize(body, below(256)), one: true });
    frames.push({ m, frame: signed(v2().serialize(body, below(256))) });
  }
  const answers = allows(frames.map((f) => f.frame));
  frames.forEach(({ m, one }, i) => {
    const want = always.includes(m.MSG_NAME) || m.MSG_NAME === 'MISSION_CLEAR_ALL';
    check(answers[i] === want, `${m.MSG_NAME} in version ${one ? 1 : 2} is ${want ? 'refused' : 'let through'}`);
  });
  check(answers.filter(Boolean).length === 13, 'fewer messages pass than should');
  return frames.length;
});

await test('commands', () => {
  const frames = [];
  for (const [name, number] of Object.entries(MavCmd).filter(([, n]) => typeof n === 'number')) {
    for (const kind of ['CommandLong', 'CommandInt'])
      for (const first of [0, 1, 2, NaN]) {
        const body = new peer.common[kind]();
        for (const f of peer.common[kind].FIELDS) body[f.name] = 0;
        Object.assign(body, { command: number, targetSystem: 1, targetComponent: 1, _param1: first });
        if (kind === 'CommandInt' && below(2)) body._param5 = body._param6 = 0x7fffffff;
        const want = commands.has(name) && (commands.get(name) === first ||
          (Number.isNaN(first) && /^NAV_/.test(name)));
        for (const p of [v1(), v2()]) frames.push({ name, kind, first, want, frame: p.serialize(body, 7) });
      }
  }
  const answers = allows(frames.map((f) => f.frame));
  frames.forEach((f, i) => check(answers[i] === f.want,
    `${f.kind} ${f.name} with ${f.first} is ${f.want ? 'refused' : 'let through'}`));
  check(answers.filter(Boolean).length === 4 * 8, 'another number of commands passes than should');
  return frames.length;
});

await test('parameters', () => {
  const frames = [];
  for (const name of commands.keys())
    for (const kind of ['CommandLong', 'CommandInt'])
      for (let n = 2; n <= 7; n++)
        for (const value of [1, -1, 47.5, 1e-40, Infinity]) {
          const body = new peer.common[kind]();
          for (const f of peer.common[kind].FIELDS) body[f.name] = 0;
          const whole = kind === 'CommandInt' && (n === 5 || n === 6);
          Object.assign(body, { command: MavCmd[name], _param1: commands.get(name) });
          body[`_param${n}`] = whole ? pick([1, -1, 473977418]) : value;
          frames.push({ name, kind, n, value, frame: v2().serialize(body, 0) });
        }
  allows(frames.map((f) => f.frame)).forEach((yes, i) => {
    const f = frames[i];
    check(!yes, `${f.kind} ${f.name} with parameter ${f.n} = ${f.value} is let through`);
  });
  return frames.length;
});
finish();
