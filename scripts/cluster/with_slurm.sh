# shellcheck shell=bash
# A real Slurm for a check, stopped when it ends, and what to look into it with. To be sourced after common.sh; `here` is this folder. Where
# Slurm's daemons are not there or do not start, the check says so and is left out.

# Set by those who source this.
: "${work:?}" "${here:?}"

end() {
  local code=$?
  [ -z "${SLURM_CONF:-}" ] || "$here/slurm.sh" stop "$work/slurm"
  [ $code = 0 ] || tail -n 5 "$work"/slurm/slurmctld.log "$work"/*/logs/* 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT

if ! started=$("$here/slurm.sh" start "$work/slurm" 2>"$work/start.log"); then
  echo "left out: Slurm does not start here: $(tail -n 1 "$work/start.log")"
  exit 0
fi
eval "$started"

# until_so SECONDS COMMAND...: waits for the command to succeed.
until_so() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || fail "in time: $*; $(squeue)"
    sleep 0.1
  done
}

# state JOB: of a job or a task of an array, such as RUNNING.
state() { scontrol show job "$1" | grep -o 'JobState=[A-Z]*' | cut -d= -f2; }

# program JOB: the process of run-glue that a job or a task of an array runs.
program() {
  local id pid
  id=$(scontrol show job "$1" | grep -o 'JobId=[0-9]*' | cut -d= -f2)
  for pid in $(pgrep -x run-glue); do
    if tr '\0' '\n' <"/proc/$pid/environ" | grep -qx "SLURM_JOB_ID=$id"; then
      echo "$pid"
      return
    fi
  done
}
