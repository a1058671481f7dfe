//! Many runs in one: models x tasks x seeds.

mod claim;
mod done;
mod duration;
mod file;
pub mod plan;
mod recipe;
pub mod shard;
mod sweep;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use glue_tasks::task::TaskSpec;

use self::shard::Shard;
pub use self::sweep::run;
use crate::cli::args::RunArgs;
use crate::cli::grid_args::{GridArgs, RecipeChoice, Seeds};
use crate::cli::settings::{ModelChoice, Settings, has_own_data, request_hash, tasks};
use crate::demo;
use crate::error::Error;
use crate::report::record::RunRecord;
use crate::report::record_path::slug;

/// The seed where none is given, as in transformers.
const FIRST_SEED: u64 = 42;

/// One run of a grid.
#[derive(Clone)]
pub struct Cell {
    /// Of this run alone.
    pub settings: Settings,
    request: String,
    /// Which choice of settings.
    point: usize,
    label: String,
    /// For people: what there are several of.
    name: String,
}

impl Cell {
    fn new(settings: Settings, several: Axes, point: usize, label: &str) -> Self {
        let request = request_hash(&settings, settings.task.name);
        let mut this = Self { request, settings, point, label: label.to_owned(), name: String::new() };
        let model = several.models.then(|| this.model());
        let task = (several.tasks || !several.models && !several.seeds && !several.points)
            .then(|| this.task().name.to_owned());
        let label = several.points.then(|| this.label.clone());
        let seed = several.seeds.then(|| format!("seed {}", this.seed()));
        this.name = [model, task, label, seed].into_iter().flatten().collect::<Vec<_>>().join(", ");
        this
    }

    fn task(&self) -> &'static TaskSpec {
        self.settings.task
    }

    fn seed(&self) -> u64 {
        self.settings.training.seed
    }

    fn model(&self) -> String {
        match &self.settings.model {
            ModelChoice::Folder(folder) => folder.display().to_string(),
            ModelChoice::Hub { id, .. } => id.clone(),
            ModelChoice::Embedded => demo::MODEL.to_owned(),
        }
    }

    /// Whether a record is of the same settings and seed.
    fn is_of(&self, record: &RunRecord) -> bool {
        record.request_hash.as_ref() == Some(&self.request) && record.seed == self.seed()
    }

    fn has_model_of(&self, record: &RunRecord) -> bool {
        record.model.id == self.model()
    }

    /// A name for files.
    fn key(&self) -> String {
        format!("{}-{}-seed-{}", self.task().name, &self.request[..self.request.len().min(16)], self.seed())
    }
}

/// What is to be run.
pub struct Grid {
    /// The runs: seeds outermost, so that a part of them is a table already.
    pub cells: Vec<Cell>,
    points: Vec<Point>,
    options: GridArgs,
    embedded: bool,
    several: Axes,
    recipe: bool,
    seeds: Vec<u64>,
    shard: Option<Shard>,
}

/// What there are several of.
#[derive(Clone, Copy, Debug)]
struct Axes {
    models: bool,
    tasks: bool,
    seeds: bool,
    points: bool,
}

impl Axes {
    fn is_lone(self) -> bool {
        !(self.models || self.tasks || self.seeds || self.points)
    }
}

/// One choice of settings.
struct Point {
    args: RunArgs,
    /// Those of tasks that have settings of their own.
    by_task: BTreeMap<String, RunArgs>,
    /// By what it differs from the others.
    label: String,
}

impl Grid {
    /// Checks the flags of every run.
    ///
    /// # Errors
    /// Names the first flag that is wrong, what was expected, and what to do.
    pub fn new(args: RunArgs, embedded: bool) -> Result<Self, Error> {
        Self::of_points(vec![Point { args, by_task: BTreeMap::new(), label: String::new() }], embedded)
    }

    /// The runs of a TOML file, with flags beside it.
    ///
    /// # Errors
    /// As [`Self::new`], and what is wrong with the file.
    pub fn from_file(file: &Path, typed: &[OsString]) -> Result<Self, Error> {
        Self::of_points(file::read(file, typed)?, false)
    }

    fn of_points(points: Vec<Point>, embedded: bool) -> Result<Self, Error> {
        let Some(args) = points.first().map(|point| &point.args) else {
            return Err(Error::usage("there is nothing to run"));
        };
        let tasks = if has_own_data(args)? {
            vec![None]
        } else {
            tasks(&args.task_name, embedded)?.into_iter().map(Some).collect()
        };
        let mut models: Vec<Option<String>> = Vec::new();
        for model in &args.model_name_or_path {
            if !models.iter().flatten().any(|known| known == model) {
                models.push(Some(model.clone()));
            }
        }
        if models.is_empty() {
            models.push(None);
        }
        let first = args.seed.unwrap_or(FIRST_SEED);
        let seeds = match &args.grid.seeds {
            None => vec![first],
            Some(Seeds::Count(count)) => (first..).take(*count).collect(),
            Some(Seeds::These(_)) if args.seed.is_some() => {
                return Err(Error::usage("--seed and a list of --seeds exclude each other: leave one out"));
            }
            Some(Seeds::These(seeds)) => seeds.clone(),
        };
        let several = Axes {
            models: models.len() > 1,
            tasks: tasks.len() > 1,
            seeds: args.grid.seeds.is_some(),
            points: points.len() > 1,
        };
        let grid = &args.grid;
        let only_several = [
            ("recipe", grid.recipe.is_some()),
            ("retry_collapsed", grid.retry_collapsed.is_some()),
            ("shard", grid.shard.is_some()),
            ("workers", grid.workers.is_some()),
            ("gpus", grid.gpus.is_some()),
        ];
        if let Some((flag, _)) = only_several.into_iter().find(|(_, given)| *given && several.is_lone()) {
            return Err(Error::usage(format!(
                "--{flag} is for several runs: give several --task, --model, or --seeds"
            )));
        }
        let own = tasks.first().is_some_and(Option::is_none);
        let recipe = !several.is_lone() && !embedded && !own && grid.recipe != Some(RecipeChoice::None);
        let shard =
            grid.shard.as_deref().map(|text| Shard::parse(text, |name| std::env::var(name).ok())).transpose()?;
        let options = grid.clone();
        let mut this =
            Self { cells: Vec::new(), points, options, embedded, several, recipe, seeds: seeds.clone(), shard };
        for &seed in &seeds {
            for point in 0..this.points.len() {
                for model in &models {
                    for &task in &tasks {
                        this.cells.push(this.cell(point, model.as_deref(), task, seed)?);
                    }
                }
            }
        }
        Ok(this)
    }

    /// Whether there is one run, and there could be no more.
    fn is_lone(&self) -> bool {
        self.several.is_lone()
    }

    fn cell(
        &self,
        point: usize,
        model: Option<&str>,
        task: Option<&'static TaskSpec>,
        seed: u64,
    ) -> Result<Cell, Error> {
        let Point { args, by_task, label } = &self.points[point];
        let mut args = task.and_then(|task| by_task.get(task.name)).unwrap_or(args).clone();
        args.model_name_or_path = model.iter().map(|model| (*model).to_owned()).collect();
        args.task_name = task.iter().map(|task| task.name.to_owned()).collect();
        args.seed = Some(seed);
        if let Some(task) = task.filter(|_| self.recipe) {
            recipe::fill(&mut args, task);
        }
        let mut settings = Settings::new(args, self.embedded)?;
        let mut folder = PathBuf::new();
        if let Some(model) = model.filter(|_| self.several.models) {
            folder.push(slug(model));
        }
        if self.several.tasks {
            folder.push(settings.task.name);
        }
        if self.several.points {
            folder.push(slug(&label.replace(", ", "_").replace(' ', "-")));
        }
        if self.several.seeds {
            folder.push(format!("seed-{seed}"));
        }
        settings.folder = (!self.is_lone()).then_some(folder);
        Ok(Cell::new(settings, self.several, point, label))
    }

    /// The same run with another seed.
    fn with_seed(&self, cell: &Cell, seed: u64) -> Result<Cell, Error> {
        let model = match &cell.settings.model {
            ModelChoice::Embedded => None,
            _ => Some(cell.model()),
        };
        let task = cell.settings.own_data.is_none().then_some(cell.task());
        self.cell(cell.point, model.as_deref(), task, seed)
    }
}
