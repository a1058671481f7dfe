//! The real program with wrong flags and with places that cannot be written to.

use std::process::{Command, Stdio};

use crate::support::program::{Bench, Ended, RUN, end};

/// Runs the `rte` task with flags after the usual ones.
fn run(bench: &Bench, flags: &[&str]) -> Ended {
    bench.run(["--task", "rte"].iter().chain(&RUN).chain(flags).copied())
}

#[test]
fn flags_that_are_wrong_by_themselves() {
    let tasks = "the tasks are `cola`, `sst2`, `mrpc`, `stsb`, `qqp`, `mnli`, `qnli`, `rte`, `wnli`";
    let cases: &[(&str, &[&str])] = &[
        ("--seed 1", &["--task is missing", "cola, sst2", "or all"]),
        ("--task rtee", &["--task", "`rtee`", "did you mean `rte`?", tasks]),
        ("--task sts-b,mrcp", &["--task", "`mrcp`", "did you mean `mrpc`?"]),
        ("--task rte,", &["--task", "empty name"]),
        ("--task rte --model m --max_seq_length 3", &["--max_seq_length is 3", "at least 4"]),
        ("--task rte --max_seq_length -3", &["'-3' for '--max_seq_length <N>'", "a whole number from 0 to"]),
        ("--task rte --do_train maybe", &["'maybe' for '--do_train [<BOOL>]'", "expected true or false"]),
        ("--task rte --do_train false --do_eval false", &["--do_train", "--do_eval", "nothing to do"]),
        ("--task rte", &["--model is missing", "a folder or a Hub repository"]),
        (
            "--task rte --model ./nowhere",
            &["--model ./nowhere", "no such folder", "config.json, weights and a tokenizer"],
        ),
        ("--task rte --model m/config.json", &["--model m/config.json", "no such folder"]),
        (
            "--task rte --model m --model_revision main",
            &["--model_revision", "folder --model m has no revision", "leave it out"],
        ),
        ("demo --model_revision main", &["--model_revision", "the demo's model has no revision"]),
        (
            "--task rte --model m --dataset_dir nowhere",
            &["--dataset_dir nowhere", "no such folder", "<config>/<split>-*.parquet"],
        ),
        ("--task rte --model m --dataset_dir g --dataset_revision main", &["--dataset_dir and --dataset_revision"]),
        ("--task rte --model a/b/c --dataset_dir g", &["\"a/b/c\" is no repository name", "`owner/name`"]),
        ("--task rte --model m --save_logits", &["--save_logits", "--output_dir"]),
        ("--task rte --model m --output_dir out --do_train --save_logits", &["--save_logits", "--do_eval"]),
        ("--task rte --model m --do_predict", &["--do_predict", "--output_dir"]),
        ("--task rte --model m --lr_scheduler_type cosin", &["--lr_scheduler_type is cosin", "linear, cosine"]),
        ("--task rte --model m --lr_scheduler_kwargs {", &["--lr_scheduler_kwargs of linear", "expected JSON"]),
        ("--task stsb --model m --label_smoothing_factor 0.1", &["--label_smoothing_factor is for classes", "stsb"]),
        ("--task rte --lerning_rate 1", &["'--lerning_rate'", "'--learning_rate'"]),
        ("--task rte --num-train-epoch 1", &["'--num_train_epoch'", "'--num_train_epochs'"]),
        ("rte", &["'rte'", "--help"]),
        ("--task rte --train_sampling_strategy rnd", &["'rnd' for '--train_sampling_strategy", "random, sequential"]),
        ("--task rte --backend gpu", &["'gpu' for '--backend <NAME>'", "auto, flex, ndarray, cuda, wgpu"]),
    ];
    for (flags, parts) in cases {
        let bench = Bench::new();
        bench.run(flags.split_whitespace()).assert_refused(flags, 2, parts);
        bench.assert_clean(flags);
        assert!(!bench.path("results").exists() && !bench.path("hf").exists(), "{flags}: a folder was made");
    }
}

#[test]
fn numbers_out_of_bounds() {
    let cases: &[(&str, &[&str])] = &[
        ("--learning_rate -1", &["--learning_rate is -1", "0 or more"]),
        ("--hidden_dropout_prob 1", &["--hidden_dropout_prob is 1", "below 1"]),
        ("--learning_rate=-1e-5", &["--learning_rate is -0.00001", "0 or more"]),
        ("--learning_rate nan", &["--learning_rate is NaN", "0 or more"]),
        ("--learning_rate inf", &["--learning_rate is inf", "0 or more"]),
        ("--learning_rate fast", &["'fast' for '--learning_rate <X>'", "expected a number"]),
        ("--weight_decay -0.1", &["--weight_decay is -0.1", "0 or more"]),
        ("--label_smoothing_factor 1", &["--label_smoothing_factor is 1", "from 0 to below 1"]),
        ("--adam_beta1 1", &["--adam_beta1 is 1", "below 1"]),
        ("--adam_beta2 nan", &["--adam_beta2 is NaN", "below 1"]),
        ("--adam_epsilon inf", &["--adam_epsilon is inf", "0 or more"]),
        ("--max_grad_norm inf", &["--max_grad_norm is inf", "0 (off) or more"]),
        ("--max_grad_norm nan", &["--max_grad_norm is NaN", "0 (off) or more"]),
        ("--num_train_epochs 0", &["--num_train_epochs is 0", "above 0"]),
        ("--num_train_epochs nan", &["--num_train_epochs is NaN", "above 0"]),
        ("--num_train_epochs -3", &["--num_train_epochs is -3", "above 0"]),
        ("--warmup_ratio 1.5", &["--warmup_ratio is 1.5", "from 0 to 1"]),
        ("--warmup_steps -1", &["--warmup_steps is -1", "0 or more"]),
        ("--max_train_samples 0", &["--max_train_samples is 0", "at least 1"]),
        ("--max_eval_samples 0", &["--max_eval_samples is 0", "at least 1"]),
        ("--per_device_train_batch_size 0", &["--per_device_train_batch_size is 0", "at least 1"]),
        ("--per_device_eval_batch_size 0", &["--per_device_eval_batch_size is 0", "at least 1"]),
        ("--per_device_train_batch_size 2.5", &["'2.5' for '--per_device_train_batch_size <N>'", "a whole number"]),
        ("--gradient_accumulation_steps 0", &["--gradient_accumulation_steps is 0", "at least 1"]),
        ("--logging_steps 0", &["--logging_steps is 0", "a whole number of steps"]),
        ("--seed -1", &["'-1' for '--seed <N>'", "from 0 to 18446744073709551615"]),
        ("--seed 18446744073709551616", &["'18446744073709551616' for '--seed <N>'", "from 0 to 18446744073709551615"]),
        ("--data_seed x", &["'x' for '--data_seed <N>'", "a whole number"]),
    ];
    let bench = Bench::new();
    for (flags, parts) in cases {
        let flags: Vec<&str> = flags.split_whitespace().collect();
        run(&bench, &flags).assert_refused(&flags.join(" "), 2, parts);
    }
    bench.assert_clean("numbers");
}

#[test]
fn the_largest_seed_is_a_seed() {
    let bench = Bench::new();
    run(&bench, &["--seed", "18446744073709551615", "--data_seed", "18446744073709551615"]).assert_done("seed");
    assert_eq!(bench.record()["seed"], u64::MAX);
}

#[test]
fn backends_that_were_not_built_in() {
    let bench = Bench::new();
    for (backend, built) in
        [("cuda", cfg!(feature = "cuda")), ("wgpu", cfg!(feature = "wgpu")), ("ndarray", cfg!(feature = "ndarray"))]
    {
        if built {
            continue;
        }
        let ended = run(&bench, &["--backend", backend]);
        let expected = [&format!("--backend {backend}"), "built without it", &format!("--features {backend}"), "auto"];
        ended.assert_one_line(backend, &expected);
    }
    bench.assert_clean("backend");
}

#[test]
fn an_output_dir_with_something_in_it_is_left_alone() {
    let bench = Bench::new();
    bench.write("out/notes.txt", "mine");
    let parts = ["--output_dir out is not empty", "another folder", "--overwrite_output_dir"];
    run(&bench, &[]).assert_one_line("not empty", &parts);
    assert_eq!(bench.files("out"), ["out/notes.txt"]);
    assert!(!bench.path("results").exists());

    // With several tasks each has its own folder, and all are looked at before the first one starts.
    let both = || bench.run(["--task", "rte,cola"].into_iter().chain(RUN));
    both().assert_done("several");
    let cola = bench.run_folder("out/cola");
    std::fs::remove_dir_all(&cola).unwrap();
    std::fs::remove_dir_all(bench.path("results")).unwrap();
    std::fs::create_dir(&cola).unwrap();
    std::fs::write(cola.join("notes.txt"), "mine").unwrap();
    let name = cola.file_name().unwrap().to_str().unwrap();
    both().assert_says("several", &[&format!("--output_dir out/{name} is not empty")]);
    assert!(!bench.path("results").exists());

    run(&bench, &["--overwrite_output_dir"]).assert_done("overwrite");
    assert_eq!(std::fs::read(bench.path("out/notes.txt")).unwrap(), b"mine");
}

#[test]
fn places_that_are_no_folders_are_found_before_training() {
    for flag in ["--output_dir", "--results_dir"] {
        for place in ["file", "file/below", "file/far/below"] {
            let bench = Bench::new();
            bench.write("file", "mine");
            let other = if flag == "--output_dir" { ["--results_dir", "results"] } else { ["--output_dir", "out"] };
            let flags = ["--task", "rte", "--model", "m", "--dataset_dir", "g", "--max_steps", "1", flag, place];
            bench.run(flags.into_iter().chain(other)).assert_one_line(place, &[&format!("{flag} {place}"), "file"]);
            assert_eq!(std::fs::read(bench.path("file")).unwrap(), b"mine");
            bench.assert_clean(place);
        }
    }
}

/// The program as a user who may not write into a folder that others may not write to: root may write everywhere, so
/// setpriv lays its rights down first.
#[cfg(unix)]
fn as_plain_user(bench: &Bench) -> Command {
    let probe = bench.path("probe");
    std::fs::create_dir(&probe).unwrap();
    set_mode(&probe, 0o555);
    let is_root = std::fs::write(probe.join("x"), "").is_ok();
    if !is_root {
        return bench.command();
    }
    let mut command = bench.within(Command::new("setpriv"));
    command.args(["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", env!("CARGO_BIN_EXE_run-glue")]);
    command
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
#[ignore = "needs a user who is not root, or setpriv and the right to use it"]
fn folders_that_may_only_be_read_are_found_before_training() {
    for (flag, folder) in [("--output_dir", "out"), ("--results_dir", "results")] {
        let bench = Bench::new();
        std::fs::create_dir(bench.path(folder)).unwrap();
        set_mode(&bench.path(folder), 0o555);
        let ended = end(as_plain_user(&bench).args(["--task", "rte"]).args(RUN));
        ended.assert_one_line(flag, &[&format!("{flag} {folder} cannot be written to"), "a folder you may write to"]);
        bench.assert_clean(flag);
        set_mode(&bench.path(folder), 0o755);
    }
}

/// A disk of so many bytes at a folder of the bench, taken away when dropped.
#[cfg(target_os = "linux")]
struct SmallDisk(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount(bench: &Bench, folder: &str, bytes: usize) -> Self {
        let path = bench.path(folder);
        std::fs::create_dir(&path).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(&path);
        end(&mut command).assert_done("mount");
        Self(path)
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs the right to mount a disk"]
fn a_disk_that_is_full_from_the_start() {
    for (flag, folder) in [("--output_dir", "out"), ("--results_dir", "results")] {
        let bench = Bench::new();
        let disk = SmallDisk::mount(&bench, folder, 4096);
        bench.write(&format!("{folder}/filler"), [1; 4096]);
        let parts = [&format!("{flag} {folder} cannot be written to"), "the disk is full", "free some space"];
        run(&bench, &["--overwrite_output_dir"]).assert_refused(flag, 1, &parts);
        assert_eq!(bench.files(folder), [format!("{folder}/filler")]);
        drop(disk);
    }
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs the right to mount a disk"]
fn a_disk_that_fills_up_at_the_end() {
    let bench = Bench::new();
    // One page for the lock, one for the mark, one for the log.
    let disk = SmallDisk::mount(&bench, "out", 3 * 4096);
    let ended = run(&bench, &[]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    for part in
        ["error: cannot write out/", "the disk is full", "free some space", "error: the model could not be saved"]
    {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    // Some of the files fitted: they are taken back.
    assert_eq!(bench.files("out"), [""; 0]);
    // The record has a disk of its own.
    assert!(ended.stdout.contains("eval_accuracy"), "{}", ended.stdout);
    assert!(bench.files("results").iter().any(|file| file.starts_with("results/rte/m/seed-42-")), "the record is lost");
    drop(disk);
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs the right to mount a disk"]
fn a_record_that_does_not_fit_is_not_written_and_the_numbers_are_shown() {
    let bench = Bench::new();
    let disk = SmallDisk::mount(&bench, "results", 4096);
    // A log of so many rows makes the record longer than the disk.
    let mut command = bench.command();
    command.args(["--task", "rte", "--model", "m", "--dataset_dir", "g", "--results_dir", "results"]);
    let ended = end(command.args(["--max_steps", "80", "--logging_steps", "1"]));
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    ended.assert_says("results", &["cannot write results/rte/m/seed-42-", "the disk is full", "free some space"]);
    // Training may have taken hours: what it gave is not lost with the record.
    assert!(ended.stdout.contains("eval_accuracy"), "{}", ended.stdout);
    bench.assert_clean("results");
    drop(disk);
}

/// A limit on the size of files stands in for a full disk where none may be mounted.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_is_not_left_behind() {
    let bench = Bench::new();
    let mut command = bench.within(Command::new("sh"));
    // Blocks are 512 or 1024 bytes: the record is longer than both limits, the probe of the folder is not.
    let line = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    command.args(["-c", line, env!("CARGO_BIN_EXE_run-glue"), "--task", "rte", "--model", "m", "--dataset_dir", "g"]);
    command.args(["--max_steps", "80", "--logging_steps", "1", "--results_dir", "results", "--output_dir", "out"]);
    let ended = end(&mut command);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    for file in ["out/trainer_state.json", "results/rte/m/seed-42-", "out/model.safetensors"] {
        assert!(ended.stderr.contains(&format!("cannot write {file}")), "{file}: {}", ended.stderr);
    }
    assert!(ended.stderr.contains("bytes could not be written"), "{}", ended.stderr);
    assert!(ended.stdout.contains("eval_accuracy"), "{}", ended.stdout);
    bench.assert_clean("limit");
}

/// A reader of the log that goes away does not end a training run.
#[cfg(unix)]
#[test]
fn nobody_reads_standard_error() {
    let bench = Bench::new();
    let mut command = bench.command();
    command.args(["--task", "rte"]).args(RUN).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(bench.record()["task"], "rte");
}

#[test]
fn bf16_is_refused_where_the_cpu_has_none() {
    let bench = Bench::new();
    let ended = end(bench.command().args(["--task", "rte", "--bf16"]).args(RUN).env("RUN_GLUE_SIMD", "scalar"));
    ended.assert_one_line("bf16", &["--bf16 cannot be done by --backend flex", "AVX512-BF16", "leave --bf16 out"]);
    bench.assert_clean("bf16");
}

#[test]
fn precisions_of_gpus_are_refused_on_the_cpu() {
    let bench = Bench::new();
    for flag in ["fp16", "tf32"] {
        let ended = end(bench.command().args(["--task", "rte", "--use_cpu", &format!("--{flag}")]).args(RUN));
        let refused = [format!("--{flag} cannot be done by --backend "), format!("leave --{flag} out for f32")];
        ended.assert_one_line(flag, &[&refused[0], &refused[1]]);
    }
    let ended = end(bench.command().args(["--task", "rte", "--bf16", "--fp16"]).args(RUN));
    ended.assert_one_line("both", &["--bf16 and --fp16 exclude each other"]);
    bench.assert_clean("precision");
}
