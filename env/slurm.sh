#!/bin/bash
# Run a command beside a private two-node Slurm on this machine: env/run env/slurm.sh FOLDER CMD...
# No systemd, no root services, no cgroups. The daemons end with the command, also when this script is killed.
#   HOLDERSIM_SLURM_PORT  first of three ports (default: chosen by process id)
#   HOLDERSIM_SLURM_CPUS  cores of each node (default 2; the nodes share this machine's)
# In FOLDER: slurm.conf, log/, and run/n1.pid, run/n2.pid of the node daemons, so that a test can take a node down.
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,6s/^# //p' "$0"; exit 2; }
mkdir -p "$1" && D=$(cd "$1" && pwd -P) && shift
for tool in slurmctld slurmd sinfo setpriv; do
    command -v "$tool" >/dev/null || { echo "slurm: $tool is not here; rung 3 of env/run brings it" >&2; exit 5; }
done
HOST=$(hostname -s) USER_NAME=$(id -un) PORT=${HOLDERSIM_SLURM_PORT:-$((20000 + $$ % 4000 * 3))}
mkdir -p "$D"/{state,log,run,spool.n1,spool.n2}
head -c 1024 /dev/urandom >"$D/slurm.key" && chmod 600 "$D/slurm.key"
echo "CgroupPlugin=disabled" >"$D/cgroup.conf"

# short times, so that lost nodes and requeued jobs are noticed within a test's patience
cat >"$D/slurm.conf" <<CONF
ClusterName=holdersim
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=$PORT
SlurmUser=$USER_NAME
SlurmdUser=$USER_NAME
AuthType=auth/slurm
CredType=auth/slurm
AuthInfo=cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=500
MpiDefault=none
ReturnToService=2
JobRequeue=1
KillWait=2
SlurmdTimeout=15
MessageTimeout=10
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/spool.%n
SlurmctldPidFile=$D/run/slurmctld.pid
SlurmdPidFile=$D/run/%n.pid
SlurmctldLogFile=$D/log/slurmctld.log
SlurmdLogFile=$D/log/%n.log
NodeName=n1 NodeHostname=$HOST NodeAddr=127.0.0.1 Port=$((PORT + 1)) CPUs=${HOLDERSIM_SLURM_CPUS:-2} RealMemory=8000
NodeName=n2 NodeHostname=$HOST NodeAddr=127.0.0.1 Port=$((PORT + 2)) CPUs=${HOLDERSIM_SLURM_CPUS:-2} RealMemory=8000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
export SLURM_CONF=$D/slurm.conf

# In the foreground and bound to this script's life: whatever ends it, ends them. slurmd starts again by hand with
#   setpriv --pdeathsig KILL slurmd -D -N n2
daemons=()
start() { setpriv --pdeathsig KILL "$@" >>"$D/log/start.log" 2>&1 & daemons+=($!); }
stop() {
    scancel --quiet --user="$USER_NAME" 2>/dev/null || true
    sleep 0.5
    # slurmd of a test that took a node down and up again is not ours by number, but by its file
    kill "${daemons[@]}" $(cat "$D"/run/*.pid 2>/dev/null) 2>/dev/null || true
    wait 2>/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT TERM HUP
start slurmctld -i -D
start slurmd -D -N n1
start slurmd -D -N n2
for _ in $(seq 150); do
    [ "$(sinfo -h -t idle -o %D 2>/dev/null)" != 2 ] || break
    sleep 0.1
done
[ "$(sinfo -h -t idle -o %D)" = 2 ] || { tail -n 20 "$D"/log/*.log >&2; echo "slurm: no two idle nodes" >&2; exit 5; }
"$@"
