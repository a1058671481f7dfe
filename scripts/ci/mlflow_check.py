"""Reads by MLflow's own client what run-glue sent, and compares it with the files of the runs."""

import json
import math
import os
import re
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

TIMES = ("runtime", "per_second")


def wait():
    """Waits for the server."""
    for _ in range(240):
        try:
            with urllib.request.urlopen(os.environ["MLFLOW_TRACKING_URI"] + "/health", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    sys.exit("the server does not answer")


def lines(path, count):
    """Waits for a file of so many lines."""
    for _ in range(1200):
        if Path(path).is_file() and len(Path(path).read_text().splitlines()) >= int(count):
            return
        time.sleep(0.05)
    sys.exit(f"{path} does not grow to {count} lines")


def word(value):
    """A number as it compares: NaN equals itself, and the store keeps infinities as the largest number."""
    value = float(value)
    if math.isnan(value):
        return "NaN"
    return math.copysign(sys.float_info.max, value) if math.isinf(value) else value


def written(rows):
    """What is to be there of a log: of each metric its steps and numbers."""
    points = {}
    for row in rows:
        for key, value in row.items():
            if key != "step" and isinstance(value, (int, float)):
                points.setdefault(key, []).append((row["step"], word(value)))
    return points


def read(client, run):
    """What is there of a run."""
    histories = {key: client.get_metric_history(run.info.run_id, key) for key in run.data.metrics}
    return {key: [(point.step, word(point.value)) for point in history] for key, history in histories.items()}


def same(key, one, other, resumed):
    """Whether a metric's points are the same, each once; a killed run's times may be those of either start."""
    if resumed and any(part in key for part in TIMES):
        one, other = [step for step, _ in one], [step for step, _ in other]
    return Counter(one) == Counter(other)


def outputs(folder):
    """Output folders with a log, each with the record of its run."""
    records = [json.loads(path.read_text()) for path in Path(folder, "results").rglob("*.json")
               if not path.name.endswith(".predictions.json")]
    found = []
    for log in sorted(Path(folder, "out").rglob("log.jsonl")):
        task = next(record for record in records if len(records) == 1 or log.parent.name.startswith(record["task"]))
        found.append((log.parent, task))
    return found


def run_of(client, record):
    """The run of a record; there is one."""
    experiment = client.get_experiment_by_name("glue").experiment_id
    settings, seed = record["settings_hash"], record["seed"]
    where = f"tags.\"run_glue.settings_hash\" = '{settings}' and params.seed = '{seed}'"
    runs = client.search_runs([experiment], where)
    assert len(runs) == 1, (len(runs), record["task"])
    return runs[0]


def check_run(client, out, record, resumed=False):
    """All of a run."""
    run = run_of(client, record)
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    history = record["log_history"]
    # A record has null where the log has NaN.
    assert [row["step"] for row in history] == [row["step"] for row in rows[: len(history)]]
    expected, there = written(rows), read(client, run)
    assert expected.keys() == there.keys(), expected.keys() ^ there.keys()
    for key in expected:
        assert same(key, expected[key], there[key], resumed), (key, sorted(expected[key]), sorted(there[key]))
    texts = {name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
             for name, value in record["hyper_parameters"].items() if value is not None}
    for name, value in texts.items():
        sent = run.data.params.get(name)
        assert sent == value or float(sent) == float(value), (name, value, sent)
    for name, value in [("task_name", record["task"]), ("model", record["model"]["id"]), ("seed", str(record["seed"]))]:
        assert run.data.params[name] == value, name
    tags = run.data.tags
    assert tags["run_glue.version"] == record["program"]["version"]
    assert tags["run_glue.request_hash"] == record["request_hash"]
    assert run.info.status == "FINISHED", run.info.status
    sent = Path(client.download_artifacts(run.info.run_id, "record.json"))
    assert json.loads(sent.read_text()) == record
    print(f"{record['task']}: {sum(map(len, there.values()))} numbers of {len(there)} metrics, {len(texts)} parameters")
    return run


def main():
    """The first argument says what to do."""
    what, rest = sys.argv[1], sys.argv[2:]
    if what in ("wait", "lines"):
        return {"wait": wait, "lines": lines}[what](*rest)
    from mlflow import MlflowClient

    client = MlflowClient()
    found = outputs(rest[0])
    assert len(found) == (2 if what == "sweep" else 1), found
    if what == "sweep":
        runs = [check_run(client, out, record) for out, record in found]
        parents = {run.data.tags["mlflow.parentRunId"] for run in runs}
        assert len(parents) == 1
        assert client.get_run(parents.pop()).info.status == "FINISHED"
    elif what == "single":
        run = check_run(client, *found[0], resumed=rest[0] == "resumed")
        assert "mlflow.parentRunId" not in run.data.tags
    elif what == "part":
        out, record = found[0]
        experiment = client.get_experiment_by_name("glue").experiment_id
        request = record["request_hash"]
        run = client.search_runs([experiment], f"tags.\"run_glue.request_hash\" = '{request}'")[0]
        rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
        lost, all_rows = re.search(r"(\d+) of the log's (\d+) rows were not sent", Path(rest[1]).read_text()).groups()
        assert int(all_rows) == len(rows), (all_rows, len(rows))
        assert 0 < int(lost) < len(rows), lost
        # An answer may have been lost with the server: what is there is the beginning of the log.
        there, beginnings = read(client, run), [written(rows[:count]) for count in range(len(rows) + 1)]
        kept = next((n for n, points in enumerate(beginnings) if there.keys() == points.keys() and all(
            same(key, points[key], there[key], False) for key in points)), None)
        assert kept is not None and kept >= len(rows) - int(lost), (kept, lost, len(rows))
        print(f"{kept} rows of {len(rows)} are there")


main()
