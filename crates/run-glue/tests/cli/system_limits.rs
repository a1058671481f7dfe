//! What the system and whoever starts the program ask of it: signals that are ignored, limits, and places that are taken.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::program::{Bench, RUN, end};

const LONG: &str = "--task rte --model m --dataset_dir g --max_steps 200 --save_steps 2 --eval_strategy no --results_dir results --output_dir out";

/// The program, started by a shell that says `first`. Whoever runs the tests may have them ignore signals.
#[cfg(target_os = "linux")]
fn from_shell(bench: &Bench, first: &str, flags: &str) -> Command {
    let mut shell = Command::new("env");
    shell.args(["--default-signal", "sh", "-c", &format!("{first}; exec {} {flags}", env!("CARGO_BIN_EXE_run-glue"))]);
    bench.within(shell)
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_is_ignored_stays_so() {
    // `nohup` ignores SIGHUP, and a shell SIGINT for what it starts in the background.
    for (first, signal, code) in [("trap '' HUP INT", "HUP", 0), ("trap '' HUP INT", "INT", 0), (":", "HUP", 130)] {
        let bench = Bench::new();
        let flags = if code == 0 { LONG.replace("200", "40") } else { LONG.to_owned() };
        let mut child = from_shell(&bench, first, &flags).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        while !bench.path("out/checkpoint-2").is_dir() {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success()
        );
        let mut stderr = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut stderr).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{first}, {signal}: {stderr}");
        assert_eq!(stderr.contains("stopping"), code != 0, "{stderr}");
    }
}

/// The limits of `sh` are in blocks of 512 bytes.
#[test]
#[cfg(target_os = "linux")]
fn a_file_beyond_the_limit_is_an_error_and_no_end_by_a_signal() {
    let bench = Bench::new();
    let flags = format!("--task rte {}", RUN.join(" "));
    let ended = end(&mut from_shell(&bench, "ulimit -f 64", &flags));
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    ended.assert_says("ulimit -f", &["out", "too large"]);
    assert_eq!(bench.record()["task"], "rte", "the record has room");
}

#[test]
#[cfg(target_os = "linux")]
fn at_the_limit_of_processor_time_the_run_is_saved() {
    let bench = Bench::new();
    let flags = LONG.replace("200", "100000").replace("--save_steps 2", "--save_steps 100000");
    let mut child = from_shell(&bench, ":", &flags).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while !bench.path("out/log.jsonl").exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    // The system sends it again every second.
    for _ in 0..2 {
        let sent = Command::new("kill").args(["-XCPU", &child.id().to_string()]).stderr(Stdio::null()).status();
        assert!(sent.is_ok());
        std::thread::sleep(Duration::from_millis(1100));
    }
    let mut stderr = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{stderr}");
    assert!(
        stderr.contains("the limit of processor time") && stderr.contains("goes on from out/checkpoint-"),
        "{stderr}"
    );
}

#[test]
fn a_file_where_the_records_belong_is_found_before_the_training() {
    for taken in ["results/rte", "results/rte/m"] {
        let bench = Bench::new();
        bench.write(taken, "in the way");
        let ended = bench.run(["--task", "rte"].into_iter().chain(RUN));
        ended.assert_one_line(taken, &["--results_dir results/rte/m cannot be written to", "a file stands"]);
        assert_eq!(bench.files("out"), [""; 0]);
    }
}

#[test]
fn a_program_that_nobody_made_a_worker_is_none() {
    let bench = Bench::new();
    for role in ["0", "0 of 1", ""] {
        let mut command = bench.command();
        let ended = end(command.args(["--task", "rte,cola"]).args(RUN).env("RUN_GLUE_WORKER", role));
        ended.assert_one_line(role, &["RUN_GLUE_WORKER is set in the environment", "unset it"]);
        bench.assert_clean(role);
    }
}

#[test]
#[cfg(unix)]
fn a_lock_that_is_a_link_leaves_what_it_leads_to() {
    let bench = Bench::new();
    bench.write("kept", "words");
    std::fs::create_dir(bench.path("out")).unwrap();
    std::os::unix::fs::symlink(bench.path("kept"), bench.path("out/.run-glue.lock")).unwrap();
    let ended = bench.run(["--task", "rte"].into_iter().chain(RUN));
    ended.assert_refused("a link", 2, &["--output_dir out", ".run-glue.lock in it is a link"]);
    assert_eq!(std::fs::read_to_string(bench.path("kept")).unwrap(), "words");
}
