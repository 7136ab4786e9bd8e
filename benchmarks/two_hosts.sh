#!/usr/bin/env bash
# Training on two hosts by torchrun: two network namespaces, joined by a virtual cable.
#
#     sudo benchmarks/two_hosts.sh [PYTHON]
#
# The same run is made on one host by two processes. Its weights must be the same to the bit, so both hosts have
# seen each other's gradients. Needs root and iproute2; the namespaces are removed at the end.
set -euo pipefail
python=$(realpath -s "${1:-.venv/bin/python}")
place=$(mktemp -d)
first="fgbg-first-$$" second="fgbg-second-$$"
export OMP_NUM_THREADS=1

clean() {
    for space in "$first" "$second"; do
        ip netns pids "$space" 2>/dev/null | xargs -r kill -9 || true
        ip netns del "$space" 2>/dev/null || true
    done
    rm -rf "$place"
}
trap clean EXIT

ip netns add "$first"
ip netns add "$second"
ip link add wire0 netns "$first" type veth peer name wire1 netns "$second"
ip -n "$first" addr add 10.77.0.1/24 dev wire0
ip -n "$second" addr add 10.77.0.2/24 dev wire1
for end in "$first wire0" "$second wire1"; do
    set -- $end
    ip -n "$1" link set lo up
    ip -n "$1" link set "$2" up
done

"$python" -m fgbg samples "$place/drawn" --count 12 --size 64 --quiet
"$python" -m fgbg generate --fg "$place/drawn/fg" --bg "$place/drawn/bg" --out "$place/shards" --size 32 --positions 2 --quiet
options=(--data "$place/shards" --device cpu --precision 32 --res 16:2 --widths 4,8 --batch-size 4 --epoch-samples 48 --val-samples 8)

begin() {   # begin SPACE WIRE RANK: one host
    ip netns exec "$1" env GLOO_SOCKET_IFNAME="$2" "$python" -m torch.distributed.run --nnodes 2 --nproc-per-node 1 \
        --node-rank "$3" --master-addr 10.77.0.1 --master-port 29500 \
        -m fgbg train "${options[@]}" --out "$place/two" > "$place/host$3" 2>&1
}
began=$(date +%s)
begin "$second" wire1 1 &
other=$!
begin "$first" wire0 0 || { cat "$place/host0" "$place/host1"; exit 1; }
wait "$other" || { cat "$place/host1"; exit 1; }
echo "two hosts: both ended well after $(($(date +%s) - began)) s"
received=$(ip -n "$second" -s -j link show wire1 | "$python" -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["rx"]["bytes"])')
echo "the second host received $received bytes over the wire"
cat "$place/host0"
"$python" -m torch.distributed.run --standalone --nproc-per-node 2 \
    -m fgbg train "${options[@]}" --out "$place/one" --quiet > "$place/alone" 2>&1 || { cat "$place/alone"; exit 1; }
"$python" - "$place/one/last.pt" "$place/two/last.pt" <<'CHECK'
import sys
from pathlib import Path

from training.checkpoint import load_checkpoint

one, two = (load_checkpoint(Path(path)) for path in sys.argv[1:])
assert one.position == two.position and two.position.consumed == 96, (one.position, two.position)
differing = [name for name, weight in one.model.items() if not weight.equal(two.model[name])]
assert not differing, f"other weights: {differing}"
print(f"the same {len(one.model)} tensors as two processes of one host, after {two.position.step} steps")
CHECK
