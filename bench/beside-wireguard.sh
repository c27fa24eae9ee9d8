#!/bin/bash
# Traffic between two network namespaces: plainly, through wireguard-go, and through head2's TUN
# devices, in turn in one run, so that the quotients say something on any machine.
#
#     bench/beside-wireguard.sh [ROUNDS [SECONDS]]      (root; iperf3, wireguard-go, wireguard-tools)
#
# Prints the medians: what arrives of UDP datagrams of 1,400 bytes sent as fast as they go, TCP, and
# the processor time that both ends of the tunnel take for a gigabyte of that.
cd "$(dirname "$0")/.." || exit 7
rounds=${1:-3} seconds=${2:-4}
head2=${HEAD2:-build/release/head2}
for tool in ip iperf3 wireguard-go wg "$head2"; do
    command -v "$tool" >/dev/null || { echo "bench: $tool is missing" >&2; exit 3; }
done
[ "$(id -u)" = 0 ] || { echo "bench: network namespaces need root" >&2; exit 5; }

a=h2a$$ b=h2b$$
dir=$(mktemp -d)
pids=()
cleanup() {
    kill "${pids[@]}" 2>/dev/null
    wait 2>/dev/null
    ip netns del $a 2>/dev/null
    ip netns del $b 2>/dev/null
    rm -rf "$dir" /var/run/wireguard/wg$a.sock /var/run/wireguard/wg$b.sock
}
trap cleanup EXIT
trap 'exit 130' INT TERM
quiet() { "$@" >>"$dir/log" 2>&1; }

ip netns add $a && ip netns add $b || exit 5
ip link add va netns $a type veth peer name vb netns $b
for ns in $a $b; do ip -n $ns link set lo up; done
ip -n $a addr add 10.99.0.1/24 dev va
ip -n $b addr add 10.99.0.2/24 dev vb
ip -n $a link set va up
ip -n $b link set vb up

# wireguard-go: 10.88.0.0/24
wg_end() { # NAMESPACE OWN-KEY OTHERS-PUBLIC-KEY OWN-ADDRESS PORT [OTHERS-ENDPOINT]
    ip netns exec "$1" env LOG_LEVEL=error wireguard-go -f "wg$1" >>"$dir/log" 2>&1 &
    pids+=($!)
    wg_pids+=($!)
    until [ -S "/var/run/wireguard/wg$1.sock" ]; do sleep 0.05; done
    ip netns exec "$1" wg set "wg$1" listen-port "$5" private-key "$2" peer "$3" \
        allowed-ips 10.88.0.0/24 ${6:+endpoint "$6"}
    ip -n "$1" addr add "$4/24" dev "wg$1"
    ip -n "$1" link set "wg$1" mtu 1424 up
}
wg_pids=()
(umask 077; wg genkey >"$dir/a.key"; wg genkey >"$dir/b.key")
wg_end $a "$dir/a.key" "$(wg pubkey <"$dir/b.key")" 10.88.0.1 7001
wg_end $b "$dir/b.key" "$(wg pubkey <"$dir/a.key")" 10.88.0.2 7002 10.99.0.1:7001

# head2: 10.77.0.0/24
quiet "$head2" init "$dir/fleet" --no-passphrase --listen 10.99.0.1:5710 || { cat "$dir/log"; exit 1; }
config=$dir/fleet/head2.yaml link=$dir/fleet/links/drone-1.yaml
sed -i '/^peers:/,$d' "$config"
cat >>"$config" <<END
tun: { name: head2, address: ["10.77.0.1/24"] }
peers:
  - { name: drone-1, key: drone-1.pub.pem, allowed_ips: ["10.77.0.2"] }
END
sed -i '/^lanes:/,$d' "$link"
echo 'tun: { name: head2, address: ["10.77.0.2/24"] }' >>"$link"
ip netns exec $a "$head2" gateway -c "$config" >>"$dir/log" 2>&1 &
pids+=($!)
sleep 0.5
ip netns exec $b "$head2" link -c "$link" >>"$dir/log" 2>&1 &
pids+=($!)
h2_pids=("${pids[@]: -2}")
for _ in $(seq 100); do grep -q '"event":"session-up"' "$dir/log" && break; sleep 0.1; done
ip netns exec $a iperf3 -s -D --pidfile "$dir/iperf3" >/dev/null
sleep 0.3
pids+=("$(tr -d '\0' <"$dir/iperf3")")

cpu() { # ticks of processes
    local sum=0 pid stat
    for pid; do # a gateway is three of them
        set -- "$@" $(cat "/proc/$pid/task/$pid/children")
    done
    for pid; do
        stat=$(sed 's/.*) //' "/proc/$pid/stat")
        set -- $stat
        sum=$((sum + ${12} + ${13}))
    done
    echo $sum
}
run() { # NAME ADDRESS PID...: one line for each kind of traffic
    local name=$1 to=$2 before after out
    shift 2
    for kind in udp tcp; do
        before=$(cpu "$@")
        if [ $kind = udp ]; then
            out=$(ip netns exec $b iperf3 -c "$to" -u -b 0 -l 1372 -t "$seconds" -J)
        else
            out=$(ip netns exec $b iperf3 -c "$to" -t "$seconds" -J)
        fi
        after=$(cpu "$@")
        node -e '
            const [kind, name, ticks] = process.argv.slice(1);
            const r = JSON.parse(require("fs").readFileSync(0, "utf8"));
            const s = kind === "udp" ? r.end.sum : r.end.sum_received;
            const bytes = kind === "udp" ? s.bytes * (1 - s.lost_percent / 100) : s.bytes;
            console.log(kind, name, bytes * 8 / s.seconds / 1e6, ticks / 100 / (bytes / 1e9));
        ' $kind "$name" $((after - before)) <<<"$out" >>"$dir/results"
    done
}
for _ in $(seq "$rounds"); do
    run plain 10.99.0.1
    run wireguard-go 10.88.0.1 "${wg_pids[@]}"
    run head2 10.77.0.1 "${h2_pids[@]}"
done
node -e '
    const rows = require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((l) => l.split(" "));
    const median = (v) => v.sort((x, y) => x - y)[v.length >> 1];
    const of = (kind, name, at) => median(rows.filter((r) => r[0] === kind && r[1] === name).map((r) => +r[at]));
    console.log("| traffic | plain, Mbit/s | wireguard-go | head2 | head2 / wireguard-go | processor seconds a GB: wireguard-go | head2 |");
    console.log("|---|---:|---:|---:|---:|---:|---:|");
    for (const kind of ["udp", "tcp"]) {
        const [p, w, h] = ["plain", "wireguard-go", "head2"].map((n) => of(kind, n, 2));
        console.log(`| ${kind} | ${p.toFixed(0)} | ${w.toFixed(0)} | ${h.toFixed(0)} | ${(h / w).toFixed(2)} | ${of(kind, "wireguard-go", 3).toFixed(1)} | ${of(kind, "head2", 3).toFixed(1)} |`);
    }
' "$dir/results"
