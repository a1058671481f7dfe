//! Adapters as files: written, read, gone on from, merged, and refused by name.

use std::path::Path;

use crate::support::program::{Bench, Ended, copy};
use serde_json::{Value, json};

const FLAGS: &str = "--task rte --dataset_dir g --max_steps 4 --learning_rate 0.01 --results_dir results";

fn run(bench: &Bench, more: &str) -> Ended {
    bench.run(FLAGS.split(' ').chain(more.split_whitespace()))
}

fn bytes(bench: &Bench, file: &str) -> Vec<u8> {
    std::fs::read(bench.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn read(bench: &Bench, file: &str) -> Value {
    serde_json::from_slice(&bytes(bench, file)).unwrap()
}

/// Logits of the evaluation, as numbers.
fn logits(bench: &Bench, folder: &str) -> Vec<f64> {
    let text = String::from_utf8(bytes(bench, &format!("{folder}/eval_logits.jsonl"))).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.flat_map(|row| row["logits"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>())
        .collect()
}

fn assert_near(a: &[f64], b: &[f64], tolerance: f64) {
    assert!(!a.is_empty() && a.len() == b.len(), "{} and {} logits", a.len(), b.len());
    let gap = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(gap <= tolerance, "logits differ by {gap}");
}

#[test]
fn an_adapter_is_evaluated_predicted_with_and_trained_on() {
    let bench = Bench::new();
    let trained = run(&bench, "--model m --peft lora --save_logits --output_dir out");
    trained.assert_done("lora");
    let said = "of its parameters (";
    assert!(
        trained.stderr.contains(said) && trained.stderr.contains("lora of rank 8 beside query, value"),
        "{}",
        trained.stderr
    );
    let record = bench.record();
    let (trainable, all) = (&record["model"]["trainable_parameters"], &record["model"]["parameters"]);
    assert!(trainable.as_u64().unwrap() * 4 < all.as_u64().unwrap(), "{trainable} of {all}");
    assert_eq!(record["hyper_parameters"]["peft"], "lora");
    assert_eq!(record["hyper_parameters"]["lora_alpha"], 8.0);
    assert!(!bench.path("out/model.safetensors").exists());
    let config = read(&bench, "out/adapter_config.json");
    let base = bench.path("m").canonicalize().unwrap();
    assert_eq!(Path::new(config["base_model_name_or_path"].as_str().unwrap()).canonicalize().unwrap(), base);
    assert_eq!(config["target_modules"], json!(["query", "value"]));

    // The same numbers, wherever the adapter lies.
    bench
        .run(
            "--task rte --dataset_dir g --model out --do_eval --save_logits --results_dir e --output_dir eval"
                .split(' '),
        )
        .assert_done("eval");
    assert_eq!(logits(&bench, "eval"), logits(&bench, "out"));
    let said = bench.run(["predict", "out", "a cat sat .", "a dog sat ."]);
    said.assert_done("predict");
    assert!(["entailment", "not_entailment"].iter().any(|label| said.stdout.contains(label)), "{}", said.stdout);

    // What the sizes are of is said, also where the adapter has no config.json of its own, as peft saves it.
    std::fs::remove_file(bench.path("out/config.json")).unwrap();
    let models = bench.run(["models", "out"]);
    models.assert_done("models");
    assert!(models.stdout.contains(&format!("an adapter of {}", base.display())), "{}", models.stdout);

    run(&bench, "--model out --output_dir more").assert_done("on");
    let card = String::from_utf8(bytes(&bench, "more/README.md")).unwrap();
    for line in ["library_name: peft", "An adapter of `", "/m`, trained on the GLUE RTE dataset.", "- lora_r: 8"] {
        assert!(card.contains(line), "{line}: {card}");
    }
    let on = read(&bench, "more/adapter_config.json");
    assert_eq!(on["base_model_name_or_path"], config["base_model_name_or_path"]);
    assert_ne!(bytes(&bench, "more/adapter_model.safetensors"), bytes(&bench, "out/adapter_model.safetensors"));

    // Done is known by what the files hold: the adapter's, and its model's.
    run(&bench, "--model out --seeds 2").assert_done("sweep");
    let done = |what: &str| {
        let ended = run(&bench, "--model out --seeds 2 --dry_run");
        let all = format!("{}{}", ended.stdout, ended.stderr);
        assert!(all.contains(what), "{all}");
    };
    done("2 done already");
    let weights = bytes(&bench, "m/model.safetensors");
    let mut changed = weights.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    bench.write("m/model.safetensors", changed);
    done("m/model.safetensors has changed");
    bench.write("m/model.safetensors", weights);
    done("2 done already");
}

#[test]
fn a_model_that_changes_under_its_adapter_is_said() {
    let bench = Bench::new();
    run(&bench, "--model m --peft lora --output_dir out").assert_done("lora");
    // Each command that reads the adapter.
    let commands = [
        "--task rte --dataset_dir g --model out --do_eval --results_dir e",
        "--task rte --dataset_dir g --model out --do_predict --results_dir e --output_dir predicted",
        "--task rte --dataset_dir g --model out --max_steps 1 --results_dir e",
        "--task rte --dataset_dir g --model m --teacher out --max_steps 1 --results_dir e",
        "predict out one two",
    ];
    let assert_said = |is_said: bool| {
        for command in commands {
            let ended = bench.run(command.split(' '));
            ended.assert_done(command);
            let count = ended.stderr.matches("has other weights than when the adapter was trained").count();
            assert_eq!(count > 0, is_said, "{command}: {}", ended.stderr);
        }
    };
    assert_said(false);
    let mut changed = bytes(&bench, "m/model.safetensors");
    let last = changed.len() - 1;
    changed[last] ^= 1;
    bench.write("m/model.safetensors", changed);
    assert_said(true);
    // Scores of what was not trained do not go into the record of what was.
    bench.run("evaluate out --on snli --dataset_dir sets".split(' ')).assert_refused(
        "evaluate",
        2,
        &["has other weights", "do not belong", "put them back"],
    );
}

#[test]
fn the_record_of_an_adapter_that_is_trained_on_says_how() {
    let bench = Bench::new();
    run(&bench, "--model m --peft lora --lora_r 4 --lora_alpha 16 --output_dir out").assert_done("lora");
    run(&bench, "--model m --peft lora --target_modules key --output_dir named").assert_done("named");
    run(&bench, "--model m --peft ia3 --output_dir scales").assert_done("ia3");
    for (flags, wanted) in [
        ("--model out", json!(["lora", 4, 16.0, null])),
        ("--model out --peft lora --lora_r 4 --lora_alpha 16", json!(["lora", 4, 16.0, null])),
        ("--model named", json!(["lora", 8, 8.0, "attention.self.key"])),
        ("--model scales", json!(["ia3", null, null, null])),
    ] {
        std::fs::remove_dir_all(bench.path("results")).unwrap();
        run(&bench, flags).assert_done(flags);
        let record = bench.record();
        let of = &record["hyper_parameters"];
        assert_eq!(json!([of["peft"], of["lora_r"], of["lora_alpha"], of["target_modules"]]), wanted, "{flags}");
    }
}

#[test]
fn a_merged_adapter_is_a_whole_model() {
    for method in ["lora --target_modules all-linear", "ia3"] {
        let bench = Bench::new();
        run(&bench, &format!("--model m --peft {method} --merge_adapter --save_logits --output_dir out"))
            .assert_done(method);
        assert!(
            !bench.path("out/adapter_config.json").exists() && !bench.path("out/adapter_model.safetensors").exists()
        );
        bench
            .run(
                "--task rte --dataset_dir g --model out --do_eval --save_logits --results_dir e --output_dir eval"
                    .split(' '),
            )
            .assert_done("eval");
        assert_near(&logits(&bench, "eval"), &logits(&bench, "out"), 2e-5);
    }
}

#[test]
fn a_run_goes_on_from_a_checkpoint_of_an_adapter_bit_for_bit() {
    for method in ["lora --lora_dropout 0.2", "ia3", "bitfit", "head"] {
        let bench = Bench::new();
        let flags = format!("--model m --peft {method} --save_strategy steps --save_steps 2 --output_dir out");
        run(&bench, &flags).assert_done(method);
        let file = match bench.path("out/adapter_model.safetensors").exists() {
            true => "adapter_model.safetensors",
            false => "model.safetensors",
        };
        let whole = bytes(&bench, &format!("out/{file}"));
        copy(&bench.path("out/checkpoint-2"), &bench.path("kept/checkpoint-2"));
        let moments =
            models::checkpoint::read_safetensors(&bench.path("kept/checkpoint-2/optimizer.safetensors")).unwrap();
        // Of what is not trained nothing is kept.
        assert!(!moments.keys().any(|name| name.contains("word_embeddings")), "{method}");
        let again = format!("{flags} --overwrite_output_dir --resume_from_checkpoint kept/checkpoint-2");
        run(&bench, &again).assert_done(method);
        assert_eq!(bytes(&bench, &format!("out/{file}")), whole, "{method}");
    }
}

#[test]
fn the_best_adapter_is_loaded_at_the_end() {
    let bench = Bench::new();
    let flags = "--model m --peft lora --eval_strategy steps --eval_steps 1 --save_strategy steps --save_steps 1 \
                 --load_best_model_at_end --metric_for_best_model eval_loss --output_dir out";
    run(&bench, flags).assert_done("best");
    let state = read(&bench, "out/trainer_state.json");
    let best = state["best_model_checkpoint"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let file = "adapter_model.safetensors";
    assert_eq!(bytes(&bench, &format!("out/{file}")), bytes(&bench, &format!("out/{best}/{file}")));
}

#[test]
fn a_folder_holds_one_form_of_a_model() {
    let bench = Bench::new();
    let evaluated = || {
        bench
            .run(
                "--task rte --dataset_dir g --model out --do_eval --save_logits --results_dir e --output_dir eval"
                    .split(' '),
            )
            .assert_done("eval");
        logits(&bench, "eval")
    };
    for method in ["lora", "bitfit", "ia3", "lora --merge_adapter"] {
        let flags = format!("--model m --peft {method} --save_logits --overwrite_output_dir --output_dir out");
        run(&bench, &flags).assert_done(method);
        assert_near(&evaluated(), &logits(&bench, "out"), 2e-5);
        let has_adapter = bench.path("out/adapter_config.json").exists();
        assert_eq!(has_adapter, !bench.path("out/model.safetensors").exists(), "{method}");
    }
    // The model that an adapter stands beside is not written over.
    run(&bench, "--model m --peft lora --overwrite_output_dir --output_dir m").assert_refused(
        "m",
        2,
        &["--output_dir m", "would be replaced"],
    );
    // What is trained on is written as peft reads it: feed-forward layers by the names of the targets.
    run(&bench, "--model m --peft ia3 --overwrite_output_dir --output_dir out").assert_done("ia3");
    run(&bench, "--model out --output_dir more").assert_done("more");
    let config = read(&bench, "more/adapter_config.json");
    let names = |field: &str| -> Vec<String> {
        config[field].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let targets = names("target_modules");
    assert!(names("feedforward_modules").iter().all(|name| targets.contains(name)), "{config}");
    assert!(!names("feedforward_modules").is_empty());
}

#[test]
fn an_adapter_that_is_trained_on_keeps_to_the_same_limits() {
    let bench = Bench::new();
    run(&bench, "--model m --peft lora --lora_dropout 0.2 --output_dir out").assert_done("out");
    run(&bench, "--model out --dropout_stream torch").assert_refused(
        "stream",
        2,
        &["lora_dropout", "leave the stream out"],
    );
    run(&bench, "--model out --freeze_layers 1").assert_refused("frozen", 2, &["leave out --freeze_layers"]);
}

#[test]
fn few_parameters_change() {
    for (method, trained) in [("head", &["classifier."] as &[&str]), ("bitfit", &["classifier.", ".bias"])] {
        let bench = Bench::new();
        run(&bench, &format!("--model m --peft {method} --output_dir out")).assert_done(method);
        let tensors = |file: &str| models::checkpoint::read_safetensors(&bench.path(file)).unwrap();
        let (before, after) = (tensors("m/model.safetensors"), tensors("out/model.safetensors"));
        for (name, tensor) in &after {
            let is_trained = trained.iter().any(|part| name.starts_with(part) || name.ends_with(part));
            // A tensor that was not there before is the head.
            let Some(old) = before.get(name).or_else(|| before.get(name.trim_start_matches("bert."))) else { continue };
            // The keys' bias has no gradient but rounding.
            assert!(is_trained || old.values == tensor.values, "{method}: {name} has changed");
        }
    }
}

/// What a recipe says of LoRA holds for LoRA, also where that is typed, and for no other method.
#[test]
fn a_recipe_s_numbers_are_those_of_its_own_method() {
    for (typed, wanted) in [
        ("", json!(["lora", 4, 16.0])),
        ("--peft lora", json!(["lora", 4, 16.0])),
        ("--peft lora --lora_r 2", json!(["lora", 2, 16.0])),
        ("--peft bitfit", json!(["bitfit", null, null])),
        ("--peft ia3", json!(["ia3", null, null])),
    ] {
        let bench = Bench::new();
        bench.write("mine.toml", "title = \"Mine\"\n[all]\npeft = \"lora\"\nlora_r = 4\nlora_alpha = 16\n");
        run(&bench, &format!("--model m --recipe mine.toml {typed}")).assert_done(typed);
        let record = bench.record();
        let of = &record["hyper_parameters"];
        assert_eq!(json!([of["peft"], of["lora_r"], of["lora_alpha"]]), wanted, "{typed}");
    }
}

/// peft's `feedforward_modules` where only `target_modules` are given: the family's.
#[test]
fn named_layers_of_ia3_are_feed_forward_as_in_peft() {
    let bench = Bench::new();
    run(&bench, "--model m --peft ia3 --target_modules query,output.dense --output_dir out").assert_done("ia3");
    let config = read(&bench, "out/adapter_config.json");
    assert_eq!(config["feedforward_modules"], json!(["output.dense"]));
    run(&bench, "--model m --peft ia3 --target_modules query --output_dir more").assert_done("none of them");
    assert_eq!(read(&bench, "more/adapter_config.json")["feedforward_modules"], json!([]));
}

/// An adapter of a task on the whole model of another one stands beside that model, and its card says so.
#[test]
fn the_card_of_a_chained_adapter_names_the_model_that_it_stands_beside() {
    let bench = Bench::new();
    let grid = "task = [\"rte\", \"cola\"]\nmodel = \"m\"\ndataset_dir = \"g\"\nmax_steps = 2\nseeds = 1\noutput_dir = \"out\"\n\
                results_dir = \"results\"\ninit_from = \"rte\"\n[tasks.cola]\npeft = \"lora\"\n";
    bench.write("grid.toml", grid);
    bench.run(["grid.toml"]).assert_done("a chain");
    let files = bench.files("out");
    let adapter = files.iter().find(|file| file.ends_with("adapter_config.json")).unwrap();
    let base = read(&bench, adapter)["base_model_name_or_path"].as_str().unwrap().to_owned();
    assert!(base.contains("/out/") && base.contains("rte"), "{base}");
    let card = String::from_utf8(bytes(&bench, &adapter.replace("adapter_config.json", "README.md"))).unwrap();
    let named = card.split("An adapter of `").nth(1).unwrap().split('`').next().unwrap();
    assert!(base.ends_with(named), "{named}, expected {base}");
    assert!(card.contains("The training began where one on rte had ended."), "{card}");
}

/// What is dropped is recorded as it acts, wherever it was said.
#[test]
fn a_classifier_dropout_of_config_json_is_in_the_record() {
    for (own, recorded) in [(json!(0.6), json!(0.6)), (json!(0.1), Value::Null), (Value::Null, Value::Null)] {
        let bench = Bench::new();
        let mut config = read(&bench, "m/config.json");
        config["hidden_dropout_prob"] = json!(0.1);
        config["classifier_dropout"] = own.clone();
        bench.write("m/config.json", config.to_string());
        run(&bench, "--model m").assert_done("a run");
        assert_eq!(bench.record()["hyper_parameters"]["classifier_dropout"], recorded, "{own}");
    }
}

#[test]
fn a_training_that_ends_before_its_warm_up_is_said() {
    let bench = Bench::new();
    let ended = run(&bench, "--model m --warmup_steps 10");
    let said =
        "the warm-up takes 10 steps, and the training has 4 steps: the learning rate grows to 3.00e-3 at most, of 1e-2";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    let ended = run(&bench, "--model m --warmup_steps 2");
    assert!(!ended.stderr.contains("the warm-up takes"), "{}", ended.stderr);
}

/// What a model lacks and its adapter does not bring would be drawn by whoever reads the adapter.
#[test]
fn an_adapter_that_is_not_whole_is_said_and_not_evaluated() {
    let bench = Bench::new();
    let mut tensors = models::checkpoint::read_safetensors(&bench.path("m/model.safetensors")).unwrap();
    let before = tensors.len();
    tensors.retain(|name, _| !name.contains("pooler"));
    assert_eq!(tensors.len() + 2, before);
    let tensors: Vec<_> = tensors.into_iter().collect();
    models::checkpoint::write_safetensors(&bench.path("m/model.safetensors"), &tensors).unwrap();
    let lost = run(&bench, "--model m --peft lora --output_dir out");
    lost.assert_done("as in peft");
    assert!(lost.stderr.contains("no part of the adapter: with another --seed"), "{}", lost.stderr);
    let evaluate = || bench.run("--task rte --dataset_dir g --model out --do_eval --results_dir e".split(' '));
    let assert_refused = || {
        let refused = evaluate();
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        let said = "the model that the adapter stands beside has no bert.pooler.dense.";
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    };
    assert_refused();
    let merged = run(&bench, "--model m --peft lora --merge_adapter --output_dir merged");
    merged.assert_done("merged");
    assert!(!merged.stderr.contains("no part of the adapter"), "{}", merged.stderr);
    run(&bench, "--model m --peft lora --modules_to_save pooler --overwrite_output_dir --output_dir out")
        .assert_done("saved");
    evaluate().assert_done("whole");
}

#[test]
fn layers_in_a_file_are_a_list_as_in_peft() {
    let bench = Bench::new();
    let grid = "task = \"rte\"\nmodel = \"m\"\ndataset_dir = \"g\"\nmax_steps = 1\npeft = \"lora\"\ntarget_modules = [\"query\", \"value\"]\n";
    bench.write("grid.toml", grid);
    bench.run(["grid.toml"]).assert_done("one run");
    assert_eq!(bench.record()["hyper_parameters"]["target_modules"], "query,value");
    // Two choices are no list of names.
    bench.write("grid.toml", grid.replace("\"query\", ", "\"query,key\", "));
    bench.run(["grid.toml"]).assert_refused(
        "choices",
        2,
        &["`target_modules` is one list of names, and \"query,key\" has a comma"],
    );
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let bench = Bench::new();
    let refused = |flags: &str, parts: &[&str]| {
        run(&bench, flags).assert_refused(flags, 2, parts);
        bench.assert_clean(flags);
    };
    refused("--model m --init_from rte --output_dir out", &["--init_from rte: no run begins there"]);
    refused("--model m --peft adalora", &["--peft", "lora, ia3, bitfit, head"]);
    refused("--model m --lora_r 4", &["--lora_r belongs to --peft lora"]);
    refused("--model m --peft ia3 --lora_alpha 4", &["--lora_alpha belongs to --peft lora"]);
    refused("--model m --peft bitfit --target_modules query", &["--target_modules belongs to --peft lora or ia3"]);
    refused("--model m --peft lora --feedforward_modules a", &["--feedforward_modules belongs to --peft ia3"]);
    refused("--model m --peft lora --lora_r 0", &["--lora_r is 0, expected at least 1"]);
    refused("--model m --peft lora --lora_dropout 1", &["--lora_dropout is 1"]);
    refused("--model m --peft lora --target_modules q_lin", &["no linear layer is called `q_lin`", "query"]);
    refused("--model m --peft lora --target_modules .*query", &["`.*query` is no name of a layer"]);
    refused("--model m --peft lora --freeze_layers 1", &["leave out --freeze_layers"]);
    refused("--model m --peft lora --do_eval", &["--do_train is false"]);
    refused("--model m --merge_adapter --peft head", &["--merge_adapter belongs to"]);
    refused(
        "--model m --peft lora --lora_dropout 0.1 --dropout_stream torch",
        &["--lora_dropout", "not followed by --dropout_stream torch"],
    );
    for (file, content, parts) in [
        ("adapter_config.json", r#"{"peft_type": "LORA"}"#, &["no adapter_model.safetensors"] as &[&str]),
        ("adapter_model.bin", "", &["adapter_model.bin there is of an old form"]),
    ] {
        bench.write(&format!("a/{file}"), content);
        run(&bench, "--model a").assert_refused(file, 2, parts);
    }
    run(&bench, "--model m --peft lora --output_dir out").assert_done("out");
    let config = read(&bench, "out/adapter_config.json");
    let with = |field: &str, value: Value| {
        let mut config = config.clone();
        config[field] = value;
        bench.write("out/adapter_config.json", config.to_string());
        bench.run("--task rte --dataset_dir g --model out --do_eval --results_dir e".split(' '))
    };
    with("lora_dropout", json!(1.5)).assert_refused("dropout", 2, &["`lora_dropout` is 1.5"]);
    with("use_rslora", json!("true")).assert_refused("rslora", 2, &["`use_rslora`", "true or false"]);
    with("r", json!(2.5)).assert_refused("r", 2, &["`r` is 2.5"]);
    with("use_dora", json!(true)).assert_refused("dora", 2, &["`use_dora` is true, which is not implemented"]);
    with("rank_pattern", json!({"query": 4})).assert_refused("pattern", 2, &["`rank_pattern`"]);
    with("peft_type", json!("ADALORA")).assert_refused("type", 2, &["`peft_type` is \"ADALORA\"", "LORA or IA3"]);
    with("peft_type", json!("PREFIX_TUNING")).assert_refused("type", 2, &["`peft_type`", "LORA or IA3"]);
    with("init_lora_weights", json!("pissa")).assert_refused("pissa", 2, &["`init_lora_weights`"]);
    with("base_model_name_or_path", json!(null)).assert_refused("base", 2, &["does not say which model"]);
    with("base_model_name_or_path", json!("/nowhere/m")).assert_refused("gone", 2, &["is not there: /nowhere/m"]);
    with("r", json!(4)).assert_refused("rank", 2, &["lora_A.weight", "shape [8,", "asks for [4,"]);
    with("r", json!(8)).assert_done("as it was");
}
