-- CH2 for Wireshark and tshark: the datagrams of HEAD-2 sessions, without any key.
--
--   tshark -X lua_script:ch2.lua -r capture.pcap
--   head2 status --tags --watch >> tags      # on the gateway or the drone, beside the capture
--   tshark -X lua_script:ch2.lua -o ch2.tags:tags -r capture.pcap
--
-- Handshake frames are shown field by field. A data packet is a tag, a number that is hidden, what
-- is sealed, and the tag of AES-GCM: to whom it belongs only the ends know. With a file of theirs
-- peer, lane, direction and key are named; without one, tags are numbered as they come.

local ch2 = Proto("ch2", "CHIMERA HEAD-2 session")
ch2.prefs.port = Pref.uint("UDP port", 5710, "of gateways; handshakes are recognised on any port")
ch2.prefs.tags = Pref.string("File of tags", "", "what 'head2 status --tags' printed")

local types = { [1] = "HELLO", [2] = "RETRY", [3] = "INIT", [4] = "RESP", [5] = "AUTH",
                [6] = "DONE", [7] = "HSACK", [8] = "HINT" }
local suites = { [1] = "CH2-L5", [2] = "CH2-L1X4", [17] = "CH2-L5-P384" }
local modes = { [1] = "SIG", [2] = "RESUME", [3] = "FALLBACK", [4] = "KEM" }
local hints = { [1] = "PSK_UNKNOWN", [2] = "VERSION", [3] = "BUSY" }
local lanes = { [0] = "telemetry", [1] = "video", [2] = "logs", [3] = "aggregates",
                [4] = "control" }

local f = {
    type = ProtoField.uint8("ch2.type", "Handshake frame", base.DEC, types),
    flags = ProtoField.uint8("ch2.flags", "Flags", base.HEX),
    hs_id = ProtoField.uint64("ch2.hs_id", "Handshake", base.HEX),
    msg_len = ProtoField.uint16("ch2.msg_len", "Message length"),
    stride = ProtoField.uint16("ch2.stride", "Stride"),
    frag_idx = ProtoField.uint8("ch2.frag_idx", "Fragment"),
    frag_cnt = ProtoField.uint8("ch2.frag_cnt", "Fragments"),
    body_len = ProtoField.uint16("ch2.body_len", "Fragment length"),
    cookie_ts = ProtoField.uint32("ch2.cookie.ts", "Cookie, seconds of the gateway's clock"),
    cookie_kid = ProtoField.uint8("ch2.cookie.kid", "Cookie, key"),
    cookie_mac = ProtoField.bytes("ch2.cookie.mac", "Cookie, MAC"),
    fragment = ProtoField.bytes("ch2.fragment", "Fragment's bytes"),
    mac1 = ProtoField.bytes("ch2.mac1", "MAC of the frame"),
    min_version = ProtoField.uint16("ch2.min_version", "Lowest version"),
    max_version = ProtoField.uint16("ch2.max_version", "Highest version"),
    version = ProtoField.uint16("ch2.version", "Version"),
    auth_mode = ProtoField.uint8("ch2.auth_mode", "Authentication", base.DEC, modes),
    suite = ProtoField.uint16("ch2.suite", "Suite", base.HEX, suites),
    random = ProtoField.bytes("ch2.random", "Random"),
    acked = ProtoField.uint8("ch2.hsack.type", "Acknowledged message", base.DEC, types),
    bitmap = ProtoField.uint64("ch2.hsack.bitmap", "Fragments that are there", base.HEX),
    hint = ProtoField.uint16("ch2.hint", "Hint", base.DEC, hints),
    hint_arg = ProtoField.uint32("ch2.hint.arg", "Hint's argument"),
    tag = ProtoField.bytes("ch2.tag", "Tag"),
    tag_number = ProtoField.uint32("ch2.tag.number", "Tag, in order of appearance"),
    number = ProtoField.bytes("ch2.hidden_number", "Record number, hidden"),
    step = ProtoField.uint64("ch2.hidden_step", "Differs from the tag's first number by XOR",
                             base.HEX),
    sealed = ProtoField.bytes("ch2.sealed", "Sealed"),
    sealed_len = ProtoField.uint32("ch2.sealed_len", "Length of the plaintext"),
    gcm_tag = ProtoField.bytes("ch2.gcm_tag", "Tag of AES-GCM"),
    lane = ProtoField.uint8("ch2.lane", "Lane", base.DEC, lanes),
    direction = ProtoField.string("ch2.direction", "Direction, at the end that told"),
    peer = ProtoField.string("ch2.peer", "Peer"),
    key = ProtoField.string("ch2.key_id", "Key"),
}
for _, field in pairs(f) do table.insert(ch2.fields, field) end

local bad_length = ProtoExpert.new("ch2.bad_length", "The datagram's length is not the frame's",
                                   expert.group.MALFORMED, expert.severity.ERROR)
ch2.experts = { bad_length }

local magic = ByteArray.new("c44832485301")
local known = {}  -- tag, as hexadecimal digits: what the file says of it
local seen = {}   -- tag: its number, and the hidden number of its first packet
local count = 0

local function read_tags(name)
    known = {}
    local file = name ~= "" and io.open(name, "r")
    if not file then return end
    for line in file:lines() do
        local tag, lane, direction, key, peer = line:match("^(%x+) (%d) (%a+) (%S+) (.+)$")
        if tag and #tag == 12 then
            known[tag:lower()] = { lane = tonumber(lane), direction = direction, key = key, peer = peer }
        end
    end
    file:close()
end

function ch2.init()
    seen, count = {}, 0
    read_tags(ch2.prefs.tags)
end

-- What is readable of a message stands in its first fragment.
local readable = {
    [1] = function(body, tree)
        tree:add(f.min_version, body(0, 2)); tree:add(f.max_version, body(2, 2))
        tree:add(f.random, body(8, 32))
    end,
    [2] = function(body, tree)
        tree:add(f.min_version, body(0, 2)); tree:add(f.max_version, body(2, 2))
    end,
    [3] = function(body, tree)
        tree:add(f.version, body(0, 2)); tree:add(f.max_version, body(2, 2))
        tree:add(f.auth_mode, body(4, 1))
        for i = 0, math.min(body(5, 1):uint(), 8) - 1 do tree:add(f.suite, body(6 + 2 * i, 2)) end
        tree:add(f.random, body(24, 32))
    end,
    [4] = function(body, tree)
        tree:add(f.version, body(0, 2)); tree:add(f.max_version, body(2, 2))
        tree:add(f.suite, body(4, 2)); tree:add(f.random, body(8, 32))
    end,
    [7] = function(body, tree)
        tree:add(f.acked, body(0, 1)); tree:add(f.bitmap, body(2, 8))
    end,
    [8] = function(body, tree)
        tree:add(f.hint, body(0, 2)); tree:add(f.hint_arg, body(2, 4))
    end,
}
local least = { [1] = 40, [2] = 4, [3] = 56, [4] = 40, [7] = 10, [8] = 6 }

local function handshake(tvb, pinfo, tree)
    local kind, index, parts = tvb(6, 1):uint(), tvb(20, 1):uint(), tvb(21, 1):uint()
    local body_len = tvb(22, 2):uint()
    local text = types[kind] or ("type " .. kind)
    if parts > 1 then text = text .. string.format(" %d/%d", index + 1, parts) end
    pinfo.cols.info = text .. "  handshake " .. tvb(8, 8):bytes():tohex():lower()
    local t = tree:add(ch2, tvb(), "CHIMERA HEAD-2, " .. text)
    t:add(f.type, tvb(6, 1)); t:add(f.flags, tvb(7, 1)); t:add(f.hs_id, tvb(8, 8))
    t:add(f.msg_len, tvb(16, 2)); t:add(f.stride, tvb(18, 2))
    t:add(f.frag_idx, tvb(20, 1)); t:add(f.frag_cnt, tvb(21, 1)); t:add(f.body_len, tvb(22, 2))
    t:add(f.cookie_ts, tvb(24, 4)); t:add(f.cookie_kid, tvb(28, 1)); t:add(f.cookie_mac, tvb(32, 24))
    if tvb:len() ~= body_len + 72 then
        t:add_proto_expert_info(bad_length)
        return
    end
    local body = tvb(56, body_len)
    local inner = t:add(f.fragment, body)
    if index == 0 and readable[kind] and body_len >= least[kind] then readable[kind](body, inner) end
    t:add(f.mac1, tvb(56 + body_len, 16))
end

local function data(tvb, pinfo, tree)
    local tag = tvb(0, 6):bytes():tohex():lower()
    local s = seen[tag]
    if not s then
        count = count + 1
        s = { number = count, first = tvb(6, 6):uint64() }
        seen[tag] = s
    end
    local k = known[tag]
    local text = k and string.format("%s, %s, %s %s", lanes[k.lane], k.key, k.peer, k.direction)
                   or string.format("tag %d", s.number)
    local plain = tvb:len() - 28
    pinfo.cols.info = string.format("DATA %s, %d bytes", text, plain)
    local t = tree:add(ch2, tvb(), "CHIMERA HEAD-2, data: " .. text)
    t:add(f.tag, tvb(0, 6))
    t:add(f.tag_number, s.number):set_generated()
    t:add(f.number, tvb(6, 6))
    t:add(f.step, tvb(6, 6), tvb(6, 6):uint64():bxor(s.first)):set_generated()
    if plain > 0 then t:add(f.sealed, tvb(12, plain)) end
    t:add(f.sealed_len, plain):set_generated()
    t:add(f.gcm_tag, tvb(tvb:len() - 16, 16))
    if k then
        t:add(f.lane, k.lane):set_generated(); t:add(f.direction, k.direction):set_generated()
        t:add(f.peer, k.peer):set_generated(); t:add(f.key, k.key):set_generated()
    end
end

local function is_handshake(tvb)
    return tvb:len() >= 72 and tvb(0, 6):bytes() == magic
end

function ch2.dissector(tvb, pinfo, tree)
    if tvb:len() < 28 then return 0 end
    pinfo.cols.protocol = "CH2"
    if is_handshake(tvb) then handshake(tvb, pinfo, tree) else data(tvb, pinfo, tree) end
    return tvb:len()
end

-- On other ports: handshakes by their magic, and then the conversation stays ours.
local function heuristic(tvb, pinfo, tree)
    if not is_handshake(tvb) then return false end
    pinfo.conversation = ch2
    ch2.dissector(tvb, pinfo, tree)
    return true
end

ch2:register_heuristic("udp", heuristic)
local at_port = 0
local function apply_prefs()
    local ports = DissectorTable.get("udp.port")
    if at_port ~= 0 then ports:remove(at_port, ch2) end
    at_port = ch2.prefs.port
    if at_port ~= 0 then ports:add(at_port, ch2) end
    read_tags(ch2.prefs.tags)
end
apply_prefs()
ch2.prefs_changed = apply_prefs
