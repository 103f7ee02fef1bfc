#!/bin/bash
# A function's surroundings on Lambda, in a mount namespace of its own: /var/task, /opt, /var/runtime and /var/lang read
# only, a /tmp of its own, the system libraries that Amazon Linux has, and nothing else of this machine.
#
# usage: sandbox.sh ROOT TASK LAYERS RUNTIME NODE TMP_MIB USER MEMBERS -- NAME=value ... -- ARGUMENTS OF NODE
# LAYERS and MEMBERS (files that take our process id) are separated by colons.
set -euo pipefail
root=$1 task=$2 layers=$3 runtime=$4 node=$5 tmp_mib=$6 user=$7 members=$8
shift 9

IFS=: read -ra files <<<"$members"
for file in "${files[@]}"; do echo $$ >"$file"; done

mount -t tmpfs -o mode=755,size=16m likeness "$root"
mkdir -p "$root"/{var/task,var/runtime,var/lang/bin,opt,tmp,proc,dev,etc,lib64}

read_only() {
  mount --bind "$1" "$2"
  mount -o remount,bind,ro "$2"
}
read_only "$task" "$root/var/task"
read_only "$runtime" "$root/var/runtime"
touch "$root/var/lang/bin/node"
read_only "$node" "$root/var/lang/bin/node"
IFS=: read -ra folders <<<"$layers"
# There is one layer; several would be laid over each other.
if [ ${#folders[@]} -gt 0 ]; then read_only "${folders[0]}" "$root/opt"; fi

for library in ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 \
  libgcc_s.so.1 libstdc++.so.6; do
  path=$(ldconfig -p | awk -v name="$library" '$1 == name && /x86-64/ && !found++ { print $NF }')
  touch "$root/lib64/$library"
  read_only "$(readlink -f "$path")" "$root/lib64/$library"
done
for device in null zero random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
echo 'root:x:0:0::/:/sbin/nologin
sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin' >"$root/etc/passwd"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
mount -t proc proc "$root/proc"
mount -t tmpfs -o "mode=1777,size=${tmp_mib}m" likeness-tmp "$root/tmp"
mount -o remount,ro "$root"

environment=()
while [ "$1" != -- ]; do environment+=("$1") && shift; done
shift
exec env -i "${environment[@]}" "$(command -v chroot)" ${user:+"--userspec=$user" --groups=} "$root" \
  /var/lang/bin/node "$@"
