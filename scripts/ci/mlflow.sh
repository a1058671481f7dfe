#!/usr/bin/env bash
# `--report_to mlflow` against a real MLflow server, read back by MLflow's own client: a sweep, numbers that are none, a run that is killed
# and goes on, and a server that is killed during a run. Usage: scripts/ci/mlflow.sh BINARY
# The server comes from PyPI into a virtual environment beside the build; without Python's venv, pip or a network it is left out.
set -euo pipefail
binary=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
# The client's package, and what the server needs besides, within the bounds that the whole package sets.
packages=(mlflow-skinny==3.17.2 'Flask<4' 'Flask-CORS<7' 'sqlalchemy>=1.4,<3' 'alembic<2' 'aiohttp<4' 'huey<4' 'numpy<3' 'pandas<4')
venv=$(dirname "$(dirname "$binary")")/mlflow-3.17.2
if ! [ -e "$venv/complete" ]; then
  rm -rf "$venv"
  if ! { python3 -m venv "$venv" && timeout 300 "$venv/bin/pip" install -q --retries 1 "${packages[@]}"; } >/dev/null 2>&1; then
    echo "left out: MLflow cannot be installed here (Python's venv, pip and a network are needed)"
    exit
  fi
  touch "$venv/complete"
fi

work=$(mktemp -d)
server=
ended() {
  [ -z "$server" ] || kill -9 -- "-$server" 2>/dev/null || true
  rm -rf "$work"
}
trap ended EXIT
cd "$work"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MLFLOW_TRACKING_URI=http://127.0.0.1:$port MLFLOW_EXPERIMENT_NAME=glue MLFLOW_DISABLE_TELEMETRY=true
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
start_server() {
  setsid "$venv/bin/mlflow" server --backend-store-uri "sqlite:///$work/store.db" --artifacts-destination "$work/artifacts" \
    --workers 1 --host 127.0.0.1 --port "$port" >>server.log 2>&1 </dev/null &
  server=$!
  disown "$server"
  "$venv/bin/python" "$here/mlflow_check.py" wait || { tail -20 server.log; exit 1; }
}
check() { "$venv/bin/python" "$here/mlflow_check.py" "$@"; }
demo=("$binary" demo --report_to mlflow)
often=(--logging_steps 5 --eval_strategy steps --eval_steps 50)

start_server
echo "-- a sweep: params, metrics, tags, the record, runs below one"
"${demo[@]}" --task rte,mrpc --results_dir sweep/results --output_dir sweep/out "${often[@]}" >said 2>&1 || { cat said; exit 1; }
check sweep sweep

echo "-- numbers that are none"
"${demo[@]}" --task rte --results_dir nan/results --output_dir nan/out --learning_rate 1e20 --max_steps 6 \
  --logging_steps 1 >said 2>&1 || true
check single nan

echo "-- a run that is killed goes on in the same run"
resumed=(--task rte --seed 7 --results_dir resumed/results --output_dir resumed/out --save_strategy steps --save_steps 50 "${often[@]}")
"${demo[@]}" "${resumed[@]}" >said 2>&1 &
run=$!
check lines resumed/out/log.jsonl 25
kill -9 "$run"
{ wait "$run" || true; } 2>/dev/null
"${demo[@]}" "${resumed[@]}" >said 2>&1 || { cat said; exit 1; }
grep -q 'experiment .* goes on' said || { cat said; exit 1; }
check single resumed

echo "-- a server that is killed during a run"
"${demo[@]}" --task rte --results_dir dead/results --output_dir dead/out --num_train_epochs 8 "${often[@]}" >said 2>&1 &
run=$!
check lines dead/out/log.jsonl 25
kill -9 -- "-$server"
wait "$run" || { cat said; exit 1; }
[ "$(grep -c "^warning: MLflow at $MLFLOW_TRACKING_URI: .*the run goes on" said)" = 1 ] || { cat said; exit 1; }
grep "of the log's .* rows were not sent" said || { cat said; exit 1; }
start_server
check part dead said

echo "-- a server that is not there"
kill -9 -- "-$server"
status=0
"${demo[@]}" --task rte --results_dir absent >said 2>&1 || status=$?
grep -q "^error: --report_to mlflow: the server of MLFLOW_TRACKING_URI, $MLFLOW_TRACKING_URI, cannot be used" said || status=$?
[ "$status" = 2 ] || { cat said; exit 1; }
[ -z "$(find absent -type f 2>/dev/null)" ]
echo "MLflow's client reads what the files have"
