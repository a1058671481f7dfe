//! Folders of good files, made of the repository's fixtures and by the program itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::readers::Seed;

/// Families of models, and tokenizers that each takes, by their fixtures.
const FAMILIES: [(&str, &str); 20] = [
    ("albert_pair", "unigram/albert-0/fast"),
    ("camembert_pair", "unigram/camembert-0/fast"),
    ("data2vec_text_pair", "tokenizer/roberta/json"),
    ("deberta_v2_own_pair", "unigram/deberta-v2-0/fast"),
    ("deberta_v3_pair", "unigram/deberta-v2-0/fast"),
    ("distilbert_pair", "tokenizer/uncased/json"),
    ("electra_pair", "tokenizer/cased/json"),
    ("ernie_task_pair", "tokenizer/uncased/json"),
    ("eurobert_pair", "tokenizer/uncased/json"),
    ("gemma2_pair", "tokenizer/uncased/json"),
    ("gemma3_text_pair", "tokenizer/uncased/json"),
    ("gpt2_pair", "tokenizer/uncased/json"),
    ("gpt_neox_pair", "tokenizer/uncased/json"),
    ("gte_pair", "unigram/xlm-roberta-0/fast"),
    ("llama_yarn_pair", "tokenizer/uncased/json"),
    ("nomic_bert_pair", "tokenizer/uncased/json"),
    ("modernbert_pair", "tokenizer/uncased/json"),
    ("mpnet_pair", "tokenizer/mpnet/json"),
    ("roberta_pair", "tokenizer/roberta/json"),
    ("xlm_roberta_pair", "unigram/xlm-roberta-0/fast"),
];
/// Words of the models: as many as any of the tokenizers has.
const VOCABULARY: usize = 4000;
/// Tokenizers by their fixtures, the family that takes each, and the file that is damaged.
const TOKENIZERS: [(&str, &str, &str); 14] = [
    ("tokenizer/cased/json", "electra_pair", "model/tokenizer.json"),
    ("tokenizer/cased/vocab", "electra_pair", "model/vocab.txt"),
    ("tokenizer/mpnet/json", "mpnet_pair", "model/tokenizer.json"),
    ("tokenizer/mpnet/vocab", "mpnet_pair", "model/vocab.txt"),
    ("tokenizer/roberta/json", "roberta_pair", "model/tokenizer.json"),
    ("tokenizer/roberta/vocab", "roberta_pair", "model/merges.txt"),
    ("unigram/albert-0/fast", "albert_pair", "model/tokenizer.json"),
    ("unigram/albert-0/slow", "albert_pair", "model/spiece.model"),
    ("unigram/camembert-0/fast", "camembert_pair", "model/tokenizer.json"),
    ("unigram/camembert-0/slow", "camembert_pair", "model/sentencepiece.bpe.model"),
    ("unigram/deberta-v2-0/fast", "deberta_v3_pair", "model/tokenizer.json"),
    ("unigram/deberta-v2-0/slow", "deberta_v3_pair", "model/spm.model"),
    ("unigram/xlm-roberta-0/fast", "xlm_roberta_pair", "model/tokenizer.json"),
    ("unigram/xlm-roberta-0/slow", "xlm_roberta_pair", "model/sentencepiece.bpe.model"),
];
/// Pickles by their fixtures; each has its config.json beside it.
const PICKLES: [(&str, &str); 5] = [
    ("logits/loading_bin", "model/pytorch_model.bin"),
    ("logits/loading_bin_legacy", "model/pytorch_model.bin"),
    ("logits/loading_gamma_beta_bin", "model/pytorch_model.bin"),
    ("logits/loading_pretraining_bin", "model/pytorch_model.bin"),
    ("logits/loading_bin_sharded", "model/pytorch_model-00002-of-00003.bin"),
];
const INDEXES: [(&str, &str); 2] = [
    ("logits/loading_bin_sharded", "model/pytorch_model.bin.index.json"),
    ("logits/loading_safetensors_sharded", "model/model.safetensors.index.json"),
];
/// Methods whose adapters are read, by flags.
const ADAPTERS: [(&str, &str); 2] = [("lora", "adapters/lora"), ("ia3", "adapters/ia3")];

const CSV: &str = "sentence1,sentence2,label\n\"It rained, all day.\",The street was wet.,yes\n\"He said \"\"no\"\".\",He said yes.,no\n\
    \"Two\nlines\",One line,no\nA dog ran.,An animal moved.,yes\n";
const TSV: &str = "sentence\tlabel\nIt rained all day.\t0.5\nThe street was wet.\t-1\nNothing\t2e1\nA dog ran.\t3\n";
const JSON: &str = r#"[{"text": "It rained.", "label": 0}, {"text": "The street was wet.", "label": 1}, {"text": "\u00e9\n", "label": 1},
    {"text": "A dog ran.", "label": 0}]"#;
const JSON_LINES: &str = "{\"a\": \"It rained.\", \"b\": \"wet\", \"label\": \"x\"}\n{\"a\": \"no\", \"b\": \"\", \"label\": \"y\"}\n\
    {\"a\": \"A dog\", \"b\": \"ran\", \"label\": \"x\"}\n";
const LINES: &str = "It rained.\n\nThe street was wet.\tA dog ran.\n\u{e9}\u{1f600} \u{4e2d}\u{6587}\n";
const CARD: &str = "---\nlicense: mit\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data.csv\n  - split: validation\n    \
    path: \"d*.csv\"\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names:\n          '0': no\n          '1': yes\n---\nText\n";
const GRID: &str = "task = [\"rte\", \"mnli\"]\nmodel = \"model\"\ndataset_dir = \"glue\"\nseeds = 2\noutput_dir = \"o\"\nlearning_rate = 2e-5\n\
    num_train_epochs = 3\n\n[tasks.mnli]\nmax_steps = 10\n\n[tasks.rte]\ninit_from = \"mnli\"\n";
const RECIPE: &str = "title = \"T\"\nsource = \"notes\"\nmodels = [\"model\"]\n[all]\nlearning_rate = { value = 2e-5, source = \"--lr 2e-5\" }\n\
    seeds = 2\n[tasks.rte]\nmax_steps = 20\n[search]\nlearning_rate = { values = [1e-5, 2e-5] }\n";

/// Where good files lie.
pub(crate) struct Workplace {
    binary: PathBuf,
    repository: PathBuf,
    folder: PathBuf,
}

/// A copy of a file, or of a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{} to {}: {error}", from.display(), to.display());
    if !from.is_dir() {
        fs::create_dir_all(to.parent().unwrap_or(to)).map_err(failed)?;
        return fs::copy(from, to).map(drop).map_err(failed);
    }
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

impl Workplace {
    /// Makes good files in `folder`, by the program.
    pub(crate) fn new(binary: &Path, folder: &Path) -> Result<Self, String> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let this = Self { binary: binary.to_owned(), repository, folder: folder.to_owned() };
        this.make_data()?;
        FAMILIES.iter().try_for_each(|(family, tokenizer)| this.make_model(family, tokenizer))?;
        for (tokenizer, family, _) in TOKENIZERS {
            this.make_with_tokenizer(tokenizer, family)?;
        }
        for (weights, _) in PICKLES.iter().chain(&INDEXES) {
            // The words of the tokenizer may not be the model's own: the weights are read before they are looked at.
            copy(&this.repository.join("crates/trainer/demo/model"), &this.at(weights).join("model"))?;
            let _ = fs::remove_file(this.at(weights).join("model/model.safetensors"));
            copy(&this.fixture(weights), &this.at(weights).join("model"))?;
        }
        this.make_runs()?;
        Ok(this)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn fixture(&self, name: &str) -> PathBuf {
        self.repository.join("crates/run-glue/tests/fixtures").join(name)
    }

    /// Runs the program in a folder.
    fn run(&self, folder: &str, flags: &[&str]) -> Result<(), String> {
        let mut command = Command::new(&self.binary);
        command.current_dir(self.at(folder)).args(flags).stdout(Stdio::null()).env("HF_HUB_OFFLINE", "1");
        let done = command.output().map_err(|error| format!("{}: {error}", self.binary.display()))?;
        match done.status.success() {
            true => Ok(()),
            false => Err(format!("{}: {}", flags.join(" "), String::from_utf8_lossy(&done.stderr))),
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        fs::create_dir_all(self.at(name).parent().unwrap_or(&self.folder)).map_err(|error| error.to_string())?;
        fs::write(self.at(name), text).map_err(|error| format!("{name}: {error}"))
    }

    /// Data of one's own and of GLUE, beside a model.
    fn make_data(&self) -> Result<(), String> {
        let demo = self.repository.join("crates/trainer/demo");
        copy(&demo.join("model"), &self.at("data/model"))?;
        for (name, text) in [
            ("data.csv", CSV),
            ("data.tsv", TSV),
            ("data.json", JSON),
            ("data.jsonl", JSON_LINES),
            ("lines.txt", LINES),
            ("grid.toml", GRID),
            ("own.toml", RECIPE),
            ("own/README.md", CARD),
            ("own/data.csv", CSV),
        ] {
            self.write(&format!("data/{name}"), text)?;
        }
        copy(&demo.join("glue/rte"), &self.at("data/glue/rte"))?;
        copy(&demo.join("glue/mnli"), &self.at("data/glue/mnli"))
    }

    /// A model of a family that a step was made with, so that it has a head and names of classes.
    fn make_model(&self, family: &str, tokenizer: &str) -> Result<(), String> {
        let config = self.fixture("families").join(family).join("config.json");
        let config = fs::read_to_string(&config).map_err(|error| format!("{}: {error}", config.display()))?;
        let mut config: Value = serde_json::from_str(&config).map_err(|error| format!("{family}: {error}"))?;
        config["vocab_size"] = VOCABULARY.into();
        self.write(&format!("{family}/config.json"), &config.to_string())?;
        self.run(family, &["bench", "--use_cpu", "--config", "config.json", "--save_model", "encoder"])?;
        self.give_tokenizer(&self.at(family).join("encoder"), tokenizer)?;
        self.write(&format!("{family}/data.csv"), CSV)?;
        self.train(family, &["--model", "encoder", "--output_dir", "trained"])?;
        let model = self.at(&format!("models/{family}/model"));
        for file in ["config.json", "model.safetensors"] {
            copy(&self.at(family).join("trained").join(file), &model.join(file))?;
        }
        self.give_tokenizer(&model, tokenizer)
    }

    /// Puts the files of a tokenizer in place of those that are there.
    fn give_tokenizer(&self, model: &Path, tokenizer: &str) -> Result<(), String> {
        for file in ["tokenizer_config.json", "vocab.txt"] {
            let _ = fs::remove_file(model.join(file));
        }
        for entry in fs::read_dir(self.fixture(tokenizer)).map_err(|error| format!("{tokenizer}: {error}"))?.flatten() {
            if entry.file_name() != "config.json" {
                copy(&entry.path(), &model.join(entry.file_name()))?;
            }
        }
        Ok(())
    }

    fn train(&self, folder: &str, flags: &[&str]) -> Result<(), String> {
        let common = "--train_file data.csv --max_steps 1 --save_strategy no --use_cpu --ignore_mismatched_sizes true --results_dir r --do_train";
        let common: Vec<&str> = common.split(' ').chain(flags.iter().copied()).collect();
        self.run(folder, &common)
    }

    fn make_with_tokenizer(&self, tokenizer: &str, family: &str) -> Result<(), String> {
        let folder = self.at(tokenizer).join("model");
        for file in ["config.json", "model.safetensors"] {
            copy(&self.at(&format!("models/{family}/model")).join(file), &folder.join(file))?;
        }
        self.give_tokenizer(&folder, tokenizer)
    }

    /// Records and what they are held against, adapters, and a run to go on with.
    fn make_runs(&self) -> Result<(), String> {
        copy(&self.repository.join("results/rte"), &self.at("runs/results/rte"))?;
        copy(&self.repository.join("results/published/run_glue_readme.json"), &self.at("runs/published.json"))?;
        copy(&self.fixture("trajectory/mrpc_sequential/trainer_state.json"), &self.at("runs/trainer_state.json"))?;
        let first = fs::read_dir(self.at("runs/results/rte/all-MiniLM-L6-v2"))
            .map_err(|error| error.to_string())?
            .flatten()
            .next();
        let first = first.ok_or("no records of RTE")?.path();
        fs::rename(&first, self.at("runs/record.json")).map_err(|error| error.to_string())?;
        for (method, folder) in ADAPTERS {
            copy(&self.at("data/model"), &self.at(folder).join("base"))?;
            self.write(&format!("{folder}/data.csv"), CSV)?;
            self.train(folder, &["--model", "base", "--peft", method, "--output_dir", "model"])?;
        }
        copy(&self.at("data"), &self.at("resumed"))?;
        let flags = "--task rte --model model --dataset_dir glue --max_steps 4 --save_steps 2 --max_eval_samples 8 --use_cpu --results_dir r \
                     --output_dir first";
        self.run("resumed", &flags.split_ascii_whitespace().collect::<Vec<_>>())
    }

    fn seed(&self, folder: &str, file: &str) -> Seed {
        Seed { folder: self.at(folder), file: file.to_owned() }
    }

    /// The file of a model of every family.
    pub(crate) fn models(&self, file: &str) -> Vec<Seed> {
        FAMILIES.iter().map(|(family, _)| self.seed(&format!("models/{family}"), &format!("model/{file}"))).collect()
    }

    pub(crate) fn tokenizers(&self, is_json: bool) -> Vec<Seed> {
        let all = TOKENIZERS.iter().filter(|(_, _, file)| file.ends_with(".json") == is_json);
        let configs = if is_json { self.models("tokenizer_config.json") } else { Vec::new() };
        all.map(|(folder, _, file)| self.seed(folder, file)).chain(configs).collect()
    }

    pub(crate) fn pickles(&self) -> Vec<Seed> {
        PICKLES.iter().map(|(folder, file)| self.seed(folder, file)).collect()
    }

    pub(crate) fn indexes(&self) -> Vec<Seed> {
        INDEXES.iter().map(|(folder, file)| self.seed(folder, file)).collect()
    }

    pub(crate) fn adapters(&self, file: &str) -> Vec<Seed> {
        ADAPTERS.iter().map(|(_, folder)| self.seed(folder, &format!("model/{file}"))).collect()
    }

    /// One file in the folder of data, of runs, or of a run to go on with.
    pub(crate) fn one(&self, folder: &str, file: &str) -> Vec<Seed> {
        vec![self.seed(folder, file)]
    }
}
