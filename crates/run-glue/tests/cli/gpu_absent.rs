//! A program that was built for GPUs, on a machine that has none.

use crate::support::program::{Bench, Ended, end};

/// Runs the program where neither CUDA nor Vulkan shows it a device, whatever this machine has.
fn run<'a>(bench: &Bench, flags: impl IntoIterator<Item = &'a str>) -> Ended {
    let mut command = bench.command();
    command.env("CUDA_VISIBLE_DEVICES", "").env("VK_DRIVER_FILES", "none").env("VK_ICD_FILENAMES", "none");
    end(command.args(flags))
}

#[cfg(feature = "cuda")]
#[test]
fn cuda_is_refused_with_the_reason_before_anything_else() {
    let bench = Bench::new();
    // A model on the Hub, which cannot be reached: the backend comes first.
    let hub = ["--task", "rte", "--model", "organisation/model", "--results_dir", "results"];
    for (flags, words) in [
        (&["--backend", "cuda"][..], "--backend cuda: "),
        (&["--device", "cuda:1"], "--backend cuda: "),
        (&["--device", "0"], "--device 0 is a GPU, and there is none: cuda: "),
        (&["--backend", "cuda", "--bf16"], "--backend cuda: "),
    ] {
        run(&bench, hub.into_iter().chain(flags.iter().copied())).assert_one_line(&format!("{flags:?}"), &[words]);
    }
    for command in [&["predict", "m", "A text."][..], &["selftest"], &["bench", "--peak"]] {
        let ended = run(&bench, command.iter().copied().chain(["--backend", "cuda"]));
        ended.assert_one_line(command[0], &["--backend cuda: "]);
    }
    bench.assert_clean("cuda");
}

/// `auto` computes on the CPU, says why, and gives what `--use_cpu` gives.
#[test]
fn auto_falls_back_to_the_cpu_and_says_so() {
    let bench = Bench::new();
    let train = |out: &str, more: &[&str]| {
        let flags =
            ["--task", "rte", "--model", "m", "--dataset_dir", "g", "--max_steps", "3", "--save_logits", "--seed", "7"];
        let places = ["--output_dir", out, "--results_dir", out];
        let ended = run(&bench, flags.into_iter().chain(places).chain(more.iter().copied()));
        ended.assert_done(out);
        (ended.stderr, std::fs::read(bench.path(out).join("eval_logits.jsonl")).unwrap())
    };
    let ((said, auto), (silent, cpu)) = (train("a", &[]), train("b", &["--use_cpu"]));
    assert_eq!(said.matches("computing on the CPU (").count(), 1, "{said}");
    assert!(!silent.contains("computing on"), "{silent}");
    assert_eq!(auto, cpu);
}
