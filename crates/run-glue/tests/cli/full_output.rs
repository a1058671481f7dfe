//! Standard output that cannot be written is an error of every command, and nothing else is lost by it.

use std::fs::File;
use std::process::Stdio;

use crate::support::program::Bench;

/// Every write to it fails as on a full disk.
const FULL: &str = "/dev/full";

#[test]
fn a_full_disk_is_an_error_of_every_command() {
    if !std::path::Path::new(FULL).exists() {
        return;
    }
    let bench = Bench::new();
    let train = "--task rte --model m --dataset_dir g --max_steps 2 --results_dir results --output_dir out";
    bench.run(train.split(' ')).assert_done("a run");
    bench
        .run(
            format!("{train} --seed 7 --overwrite_output_dir")
                .replace("results_dir results", "results_dir others")
                .split(' '),
        )
        .assert_done("another");
    bench.write(
        "grid.toml",
        "task = [\"rte\", \"cola\"]\nmodel = \"m\"\ndataset_dir = \"g\"\nmax_steps = 2\noutput_dir = \"o\"\n",
    );
    let ended = |command: &str, to: File| {
        let output = bench.command().args(command.split(' ')).stdout(Stdio::from(to)).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for command in [
        "--help",
        "--version",
        "models",
        "recipes",
        "predict out one two",
        "compare results",
        "verify results --against others --margin 0.9 --accept_inconclusive",
        "grid.toml --dry_run",
        "plan grid.toml --format shell",
        "--task rte --model m --dataset_dir g --max_steps 3 --results_dir more --output_dir out2",
        "--task rte,cola --model m --dataset_dir g --max_steps 2 --results_dir several",
    ] {
        let (code, said) = ended(command, File::create(FULL).unwrap());
        assert_eq!(code, Some(1), "{command}: {said}");
        assert!(said.contains("standard output: No space left on device"), "{command}: {said}");
        assert!(!bench.path("out2/.run-glue.unfinished").exists(), "{command}: what was written counts as not ended");
        // A reader that went away is none.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = bench.command().args(command.split(' ')).stdout(Stdio::from(writer)).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(0), "{command}: {said}");
    }
    // The runs have ended well but for the tables.
    assert_eq!(bench.files("more/rte").iter().filter(|file| !file.contains("predictions")).count(), 1);
    assert!(bench.path("out2/model.safetensors").exists());
    let records = |task: &str| bench.files(&format!("several/{task}")).len();
    assert!(records("rte") > 0 && records("cola") > 0);
}
