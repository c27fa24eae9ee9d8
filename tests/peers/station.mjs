// One end of the tests with real peers, run inside its network namespace: ffmpeg sends video and
// decodes what comes, and a MAVLink system sends telemetry, gives commands and carries out those of
// the other end. Everything passes the lanes of `head2 link` or `head2 gateway`; this program notes
// what goes in and what comes out. The first argument is JSON:
//   side         drone: lanes are at the ports; ground: the gateway sends to the ports
//   video, telemetry   those ports
//   dir          where files may be put
//   system       the MAVLink system this is
// On standard input it takes words (the last part of this file), and answers each with a line.
import { spawn, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';

const set = JSON.parse(process.argv[2]);
const require = createRequire(path.resolve(process.env.HEAD2_PEERS ?? 'build/peers', 'index.js'));
const { MavLinkProtocolV2, MavLinkPacketSplitter, MavLinkPacketParser, common, minimal } = require('node-mavlink');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const HOST = '127.0.0.1';

async function socket(port) {
  const s = dgram.createSocket({ type: 'udp4', recvBufferSize: 8 << 20 });
  await new Promise((done, fail) => { s.once('error', fail); s.bind(port, HOST, done); });
  s.on('error', () => {});
  return s;
}

// The application's side of a lane. A drone's lane is at a known port; the gateway comes from a port
// that the first datagram tells.
async function lane(port) {
  const own = await socket(set.side === 'drone' ? 0 : port);
  const l = { sent: 0, unsent: 0, came: 0, to: set.side === 'drone' ? port : 0, take: () => {} };
  own.on('message', (bytes, from) => {
    l.came++;
    if (set.side !== 'drone') l.to = from.port;
    l.take(bytes);
  });
  l.send = (bytes) => {
    if (l.to === 0) { l.unsent++; return false; } // nobody has been heard on this lane
    own.send(bytes, l.to, HOST);
    l.sent++;
    return true;
  };
  return l;
}

// ---- video: ffmpeg, RTP ----

const FROM_FFMPEG = 6000, TO_FFMPEG = 6010;
const GOP = 15;
const video = { sent: [], got: [] };
const at = (name) => path.join(set.dir, `${set.side}-${name}`);
let encoder, decoder;

async function videoOpen() {
  video.lane = await lane(set.video);
  const from = await socket(FROM_FFMPEG), to = await socket(0);
  await socket(FROM_FFMPEG + 1); // RTCP, which nobody reads
  from.on('message', (rtp) => {
    // FU-A names what it is a part of, STAP-A holds several, of which the first tells
    const type = rtp[12] & 31, inside = type === 28 ? rtp[13] & 31 : type === 24 ? rtp[15] & 31 : type;
    if (!video.lane.send(rtp)) return;
    video.sent.push([rtp.readUInt16BE(2), rtp.readUInt32BE(4), inside === 7 || inside === 5 ? 1 : 0]);
  });
  video.lane.take = (rtp) => {
    video.got.push(rtp.readUInt16BE(2));
    to.send(rtp, TO_FFMPEG, HOST);
  };
}

function ffmpeg(...args) {
  const child = spawn('ffmpeg', ['-nostdin', '-y', '-loglevel', 'error', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.said = '';
  child.stderr.on('data', (t) => { child.said = (child.said + t).slice(-2000); });
  child.ended = new Promise((done) => child.on('close', done));
  return child;
}

function decoderStart() {
  fs.writeFileSync(at('in.sdp'), `v=0\no=- 0 0 IN IP4 ${HOST}\ns=head2\nc=IN IP4 ${HOST}\nt=0 0\nm=video ${TO_FFMPEG} RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1\n`);
  decoder = ffmpeg('-protocol_whitelist', 'file,udp,rtp', '-threads', '1', '-flags', 'low_delay', '-max_delay', '500000',
    '-reorder_queue_size', '2000', '-buffer_size', '8000000', '-i', at('in.sdp'), '-fps_mode', 'passthrough', '-f', 'framemd5',
    '-flush_packets', '1', at('got.md5'));
}

// ffmpeg says nothing when it listens: the kernel knows.
async function decoderListens() {
  const port = TO_FFMPEG.toString(16).toUpperCase();
  for (let i = 0; i < 200 && !fs.readFileSync('/proc/net/udp', 'utf8').includes(`:${port} `); i++) await sleep(50);
}

function encoderStart() {
  encoder = ffmpeg('-re', '-f', 'lavfi', '-i', `testsrc2=size=320x240:rate=30`, '-c:v', 'libx264', '-preset', 'ultrafast',
    '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', String(GOP), '-b:v', '1M', '-maxrate', '1M', '-bufsize', '200k', '-map', '0:v',
    '-f', 'tee', `[f=rtp]rtp://${HOST}:${FROM_FFMPEG}?pkt_size=1172|[f=h264]${at('sent.h264')}`);
}

const hashes = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '').split('\n')
  .filter((l) => l && l[0] !== '#').map((l) => l.split(',').pop().trim());

async function videoReport() {
  // the first asks ffmpeg to end, the second wakes it where it waits for packets
  for (const signal of ['SIGINT', 'SIGINT', 'SIGKILL']) {
    if (decoder.exitCode === null) decoder.kill(signal);
    await Promise.race([decoder.ended, sleep(signal === 'SIGKILL' ? 10000 : 700)]);
  }
  spawnSync('ffmpeg', ['-nostdin', '-y', '-loglevel', 'error', '-f', 'h264', '-i', at('sent.h264'), '-fps_mode', 'passthrough', '-f', 'framemd5', at('sent.md5')]);
  return { sent: video.sent, got: video.got, sentHashes: hashes(at('sent.md5')), gotHashes: hashes(at('got.md5')), said: encoder.said + decoder.said };
}

// ---- MAVLink: node-mavlink ----

const RETRY_MS = 1500, TRIES = 20, EVERY_MS = 400;
const mavlink = {
  commands: [], // ours: { tries, acked: how many acknowledgements }
  copies: {},   // theirs: 'serial/confirmation' -> how often that datagram came
  done: {},     // theirs: serial -> how often it was carried out
  attitudes: 0, seen: [],
};
const protocol = new MavLinkProtocolV2(set.system, 1);
let sequence = 0, timers = [], giving = false, present;

function say(message) {
  return mavlink.lane.send(protocol.serialize(message, sequence++ & 255));
}

function sayCommand(serial, confirmation) {
  const c = new common.CommandLong();
  Object.assign(c, { command: 31010, targetSystem: 3 - set.system, targetComponent: 1, confirmation }); // MAV_CMD_USER_1
  c._param1 = serial;
  say(c);
}

function carryOut(c) {
  const serial = c._param1, copy = `${serial}/${c.confirmation}`;
  mavlink.copies[copy] = (mavlink.copies[copy] ?? 0) + 1;
  // MAVLink's rule for commands that come again: acknowledge, and do it no second time
  if (!mavlink.done[serial]) mavlink.done[serial] = 1;
  else if (c.confirmation === 0) mavlink.done[serial]++; // sent once: this datagram was doubled
  const ack = new common.CommandAck();
  Object.assign(ack, { command: c.command, result: 0, progress: 0, resultParam2: serial, targetSystem: 3 - set.system, targetComponent: 1 });
  say(ack);
}

function took(packet) {
  const clazz = { ...minimal.REGISTRY, ...common.REGISTRY }[packet.header.msgid];
  const data = clazz && packet.protocol.data(packet.payload, clazz);
  if (data instanceof common.CommandLong) carryOut(data);
  else if (data instanceof common.CommandAck) {
    const ours = mavlink.commands[data.resultParam2];
    if (ours) { ours.acked++; ours.wake?.(); }
  } else if (data instanceof common.Attitude) mavlink.seen.push(data.timeBootMs);
}

async function giveCommands() {
  while (giving) {
    const serial = mavlink.commands.length, c = { tries: 0, acked: 0 };
    mavlink.commands.push(c);
    for (; c.tries < TRIES && c.acked === 0; c.tries++) {
      sayCommand(serial, c.tries);
      await Promise.race([sleep(RETRY_MS), new Promise((done) => { c.wake = done; })]);
    }
    delete c.wake;
    await sleep(EVERY_MS);
  }
}

async function mavlinkOpen() {
  mavlink.lane = await lane(set.telemetry);
  const splitter = new MavLinkPacketSplitter();
  splitter.pipe(new MavLinkPacketParser()).on('data', took);
  mavlink.lane.take = (bytes) => splitter.write(bytes);
}

function heartbeat() {
  const h = new minimal.Heartbeat();
  Object.assign(h, { type: 2, autopilot: 8, baseMode: 0, customMode: 0, systemStatus: 4, mavlinkVersion: 3 });
  say(h);
}
function attitude() {
  const a = new common.Attitude();
  Object.assign(a, { timeBootMs: mavlink.attitudes, roll: 0.1, pitch: 0.2, yaw: 0.3, rollspeed: 0, pitchspeed: 0, yawspeed: 0 });
  if (say(a)) mavlink.attitudes++; // the "time" is a number that counts up: what is missing is known
}

// ---- by word of the test ----

const words = {
  async open() {
    await videoOpen();
    await mavlinkOpen();
    return {};
  },
  async listen() {
    decoderStart();
    await decoderListens();
    return {};
  },
  async start() {
    timers = [setInterval(heartbeat, 1000), setInterval(attitude, 40)];
    heartbeat();
    for (let i = 0; mavlink.lane.to === 0 && i < 200; i++) await sleep(20);
    giving = true;
    present = giveCommands();
    if (set.side === 'drone') encoderStart();
    else { // the lane can be used when something has come
      for (let i = 0; video.lane.to === 0 && i < 200; i++) await sleep(20);
      encoderStart();
    }
    return {};
  },
  // No new commands, and no more video; telemetry goes on, as those still to be answered need time.
  async stop() {
    giving = false;
    encoder.kill('SIGINT');
    await Promise.all([present, encoder.ended]);
    return {};
  },
  async quiet() {
    timers.forEach(clearInterval);
    return {};
  },
  async report() {
    const { commands, copies, done, attitudes, seen } = mavlink;
    const count = (l) => ({ sent: l.sent, came: l.came, unsent: l.unsent });
    return { video: { ...await videoReport(), ...{ lane: count(video.lane) } },
      mavlink: { commands, copies, done, attitudes, seen, lane: count(mavlink.lane) } };
  },
};
for await (const word of readline.createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await words[word]())}\n`);
process.exit(0);
