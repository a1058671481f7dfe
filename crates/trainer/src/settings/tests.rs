//! What follows from the declaration of the settings.

use std::collections::BTreeSet;

use super::*;

/// A run that ends with the weights that were evaluated best.
fn choosing() -> Settings {
    let mut settings = Settings::of(glue_tasks::find_task("mrpc").expect("a task"));
    settings.places.output_dir = Some("out".into());
    settings.evaluation.strategy = IntervalStrategy::Steps;
    settings.evaluation.best = Some(BestSettings { load_at_end: true, ..BestSettings::by("accuracy") });
    settings
}

/// A change of one setting.
type Change = fn(&mut Settings);

#[test]
fn each_setting_has_a_name_of_its_own() {
    let declared = choosing().declared();
    let names: BTreeSet<&str> = declared.iter().map(|setting| setting.name).collect();
    assert_eq!(names.len(), declared.len());
    choosing().check().expect("settings that go together");
}

#[test]
fn whatever_chooses_the_weights_makes_another_run() {
    let changes: [(&str, Change); 9] = [
        ("eval_strategy", |s| s.evaluation.strategy = IntervalStrategy::Epoch),
        ("eval_steps", |s| s.evaluation.steps = 250.0),
        ("eval_delay", |s| s.evaluation.delay = 3.0),
        ("metric_for_best_model", |s| s.evaluation.best.as_mut().expect("best").metric = "eval_f1".to_owned()),
        ("greater_is_better", |s| s.evaluation.best.as_mut().expect("best").greater_is_better = Some(false)),
        ("load_best_model_at_end", |s| s.evaluation.best.as_mut().expect("best").load_at_end = false),
        ("early_stopping_patience", |s| {
            s.evaluation.early_stopping = Some(EarlyStopping { patience: 2, threshold: 0.0 });
        }),
        ("save_steps", |s| s.checkpoints.save_steps = 1000.0),
        ("max_eval_samples", |s| s.data.max_eval_samples = Some(7)),
    ];
    let usual = choosing();
    for (name, change) in changes {
        let mut other = choosing();
        change(&mut other);
        assert_ne!(request_hash(&usual), request_hash(&other), "{name}: asked for");
        assert_ne!(usual.hyper_parameters(), other.hyper_parameters(), "{name}: in the record");
        assert_ne!(usual.decisive(), other.decisive(), "{name}: before going on from a checkpoint");
    }
}

#[test]
fn a_run_may_go_on_with_other_evaluations_where_they_choose_nothing() {
    let mut usual = choosing();
    usual.evaluation.best = None;
    let changes: [Change; 3] = [
        |s| s.evaluation.steps = 250.0,
        |s| s.evaluation.strategy = IntervalStrategy::Epoch,
        |s| s.data.max_eval_samples = Some(7),
    ];
    for change in changes {
        let mut other = usual.clone();
        change(&mut other);
        assert_eq!(usual.decisive(), other.decisive());
        assert_ne!(request_hash(&usual), request_hash(&other), "what was asked for is another thing");
    }
}

#[test]
fn places_logs_and_speed_make_no_other_run_and_seeds_share_a_hash() {
    let changes: [Change; 10] = [
        |s| s.places.output_dir = Some("elsewhere".into()),
        |s| s.places.results_dir = "elsewhere".into(),
        |s| s.places.save_logits = true,
        |s| s.logging.steps = 1.0,
        |s| s.checkpoints.save_total_limit = Some(1),
        |s| s.training.gradient_checkpointing = true,
        |s| s.data.overwrite_cache = true,
        |s| s.training.seed = 43,
        |s| s.machine.device.index = Some(1),
        |s| s.hub.cache_dir = Some("elsewhere".into()),
    ];
    let usual = choosing();
    for (at, change) in changes.into_iter().enumerate() {
        let mut other = choosing();
        change(&mut other);
        assert_eq!(request_hash(&usual), request_hash(&other), "change {at}");
        assert_eq!(usual.hyper_parameters(), other.hyper_parameters(), "change {at}");
    }
    let mut other = choosing();
    other.training.seed = 43;
    assert_ne!(usual.decisive(), other.decisive(), "a checkpoint is one seed's");
}

#[test]
fn a_token_is_never_written_down() {
    let mut settings = choosing();
    settings.hub.token = Some("hf_secret".to_owned());
    assert!(!format!("{:?}", settings.declared()).contains("hf_secret"));
}

#[test]
fn predictions_and_logged_evaluations_are_asked_for_and_change_no_record() {
    let mut usual = choosing();
    usual.evaluation.best = None;
    let changes: [Change; 5] = [
        |s| s.do_predict = true,
        |s| s.data.splits.final_eval = vec![FinalSplit::Train, FinalSplit::Test],
        |s| s.evaluation.steps = 250.0,
        |s| s.evaluation.strategy = IntervalStrategy::Epoch,
        |s| s.evaluation.on_start = true,
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut other = usual.clone();
        change(&mut other);
        assert_ne!(request_hash(&usual), request_hash(&other), "change {at}");
        assert_eq!(usual.hyper_parameters(), other.hyper_parameters(), "change {at}");
    }
}

#[test]
fn paths_predictions_and_final_evaluations_are_left_out_of_the_plain_request_and_all_else_is_not() {
    let usual = || {
        let mut settings = choosing();
        settings.model.choice = ModelChoice::Folder("m".into());
        settings.data.dataset = DatasetChoice::Files(vec![("train", "a/train.csv".into())]);
        settings
    };
    let hub = |id: &str| ModelChoice::Hub { id: id.to_owned(), revision: "main".to_owned() };
    let same: [Change; 5] = [
        |s| {
            let files = vec![("train", "a/train.csv".into()), ("test", "a/test.csv".into())];
            s.data.dataset = DatasetChoice::Files(files);
            s.do_predict = true;
        },
        |s| s.model.choice = ModelChoice::Folder("/elsewhere/m".into()),
        |s| s.data.dataset = DatasetChoice::Files(vec![("train", "/b/rows.csv".into())]),
        |s| s.data.splits.final_eval = vec![FinalSplit::Train],
        |s| s.do_predict = true,
    ];
    for (at, change) in same.into_iter().enumerate() {
        let mut other = usual();
        change(&mut other);
        assert_eq!(plain_request_hash(&usual()), plain_request_hash(&other), "change {at}");
        assert_ne!(request_hash(&usual()), request_hash(&other), "change {at}");
    }
    let others: [Change; 7] = [
        |s| s.model.choice = ModelChoice::Embedded,
        |s| s.model.tokenizer = Some(ModelChoice::Folder("m".into())),
        |s| s.data.dataset = DatasetChoice::Files(vec![("train", "a/train.tsv".into())]),
        |s| s.data.dataset = DatasetChoice::Files(vec![("validation", "a/train.csv".into())]),
        |s| s.data.dataset = DatasetChoice::Folder("a".into()),
        |s| s.data.max_train_samples = Some(7),
        |s| s.evaluation.steps = 250.0,
    ];
    for (at, change) in others.into_iter().enumerate() {
        let mut other = usual();
        change(&mut other);
        assert_ne!(plain_request_hash(&usual()), plain_request_hash(&other), "change {at}");
    }
    // Of the Hub the name is what is known.
    let (mut one, mut other) = (usual(), usual());
    (one.model.choice, other.model.choice) = (hub("a"), hub("b"));
    assert_ne!(plain_request_hash(&one), plain_request_hash(&other));
}

#[test]
fn what_goes_nowhere_is_refused_by_name() {
    let changes: [(&str, Change); 6] = [
        ("--early_stopping_patience", |s| {
            s.evaluation.early_stopping = Some(EarlyStopping { patience: 2, threshold: 0.0 });
            s.evaluation.best = None;
        }),
        ("--save_strategy best", |s| {
            s.checkpoints.save_strategy = SaveStrategy::Best;
            s.evaluation.best = None;
        }),
        ("--load_best_model_at_end", |s| s.do_eval = false),
        ("--per_device_train_batch_size is 0", |s| s.training.per_device_train_batch_size = 0),
        ("--max_steps is 0", |s| s.training.max_steps = Some(0)),
        ("--class_weights", |s| s.training.class_weights = Some(ClassWeights::Given(vec![-1.0, 1.0]))),
    ];
    for (words, change) in changes {
        let mut settings = choosing();
        change(&mut settings);
        let error = settings.check().expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn shares_of_the_steps_are_multiples_but_for_rounding() {
    let check = |save_steps: f64, eval_steps: f64| {
        let mut settings = choosing();
        settings.checkpoints.save_steps = save_steps;
        settings.evaluation.steps = eval_steps;
        settings.check().map_err(|error| error.to_string())
    };
    for (save_steps, eval_steps) in [(0.3, 0.1), (0.6, 0.2), (0.1, 0.1), (500.0, 100.0)] {
        assert_eq!(check(save_steps, eval_steps), Ok(()), "{save_steps} {eval_steps}");
    }
    for (save_steps, eval_steps) in [(0.3, 0.2), (0.05, 0.1), (100.0, 500.0), (500.0, 0.1)] {
        assert!(
            check(save_steps, eval_steps).is_err_and(|error| error.contains("no multiple")),
            "{save_steps} {eval_steps}"
        );
    }
}
