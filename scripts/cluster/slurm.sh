#!/usr/bin/env bash
# A Slurm of two nodes with one CPU each on this machine, without systemd, cgroups or accounting, for tests:
#   slurm.sh start FOLDER    starts it and prints what `source` takes to use it (SLURM_CONF)
#   slurm.sh stop FOLDER     ends it; the folder is left, with the logs of all daemons
# As root, or as any user, who is then the only one with jobs. Needs munged, slurmctld and slurmd: Debian's packages
# munge, slurmctld, slurmd and slurm-client.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

fail() {
  echo "slurm.sh: $*" >&2
  exit 1
}

# A port that nobody listens on, from the given one on.
free_port() {
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  echo "$port"
}

configuration() {
  local folder=$1 host user first
  host=$(hostname -s)
  user=$(id -un)
  # The range of every user's ports, below those that the system gives out by itself.
  first=$(free_port $((20000 + $$ % 5000 * 2)))
  cat <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$first
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
CredType=cred/munge
# A job that is queued again starts when its old credential has ended: by default two minutes later.
AuthInfo=socket=$folder/munge.socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=10
GresTypes=gpu
NodeName=a NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port $((first + 1))) CPUs=1 RealMemory=2000 Gres=gpu:1
NodeName=b NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port $((first + 2))) CPUs=1 RealMemory=2000 Gres=gpu:1
PartitionName=test Nodes=a,b Default=YES MaxTime=INFINITE State=UP
CONF
}

# await SECONDS WHAT COMMAND...
await() {
  local seconds=$1 what=$2 end
  shift 2
  end=$((SECONDS + seconds))
  until "$@"; do
    [ $SECONDS -lt $end ] || fail "$what after $seconds s"
    sleep 0.2
  done
}

idle() { [ "$(sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | sort | xargs)" = "a b" ]; }

start() {
  local folder=$1 program
  for program in munged slurmctld slurmd sinfo; do
    command -v $program >/dev/null || fail "there is no $program: apt-get install munge slurmctld slurmd slurm-client"
  done
  mkdir -p "$folder/state" "$folder/spool-a" "$folder/spool-b"
  folder=$(realpath "$folder")
  # Slurm's daemons and munged refuse folders that others can write into.
  chmod 755 "$folder"
  head -c 1024 /dev/urandom >"$folder/munge.key"
  chmod 600 "$folder/munge.key"
  munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munge.seed" >&2
  configuration "$folder" >"$folder/slurm.conf"
  # What stands for a GPU, so that jobs may ask for one.
  echo "Name=gpu File=/dev/null" >"$folder/gres.conf"
  export SLURM_CONF=$folder/slurm.conf
  slurmctld -f "$SLURM_CONF" >&2
  slurmd -f "$SLURM_CONF" -N a >&2
  slurmd -f "$SLURM_CONF" -N b >&2
  await 30 "the nodes are not idle" idle
  echo "export SLURM_CONF=$folder/slurm.conf"
}

stop() {
  local folder pid_file pid
  folder=$(realpath "$1")
  export SLURM_CONF=$folder/slurm.conf
  scancel --user="$(id -un)" 2>/dev/null || true
  for pid_file in "$folder"/slurmd-*.pid "$folder/slurmctld.pid" "$folder/munged.pid"; do
    pid=$(cat "$pid_file" 2>/dev/null) || continue
    kill "$pid" 2>/dev/null || continue
    for _ in $(seq 50); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  done
}

[ $# = 2 ] || fail "expected: slurm.sh start|stop FOLDER"
case $1 in
  start) start "$2" || { stop "$2"; exit 1; } ;;
  stop) stop "$2" ;;
  *) fail "expected start or stop, not $1" ;;
esac
